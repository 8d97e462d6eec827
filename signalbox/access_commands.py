"""The shape of the commands about accounts, people and their sessions."""

from typing import Annotated

import typer

from router_core.types import PersonRole
from signalbox.option_types import AsJson, DataDir

__all__ = ["accounts", "sessions", "users"]

Name = Annotated[str, typer.Argument(help="The account's name.")]
Email = Annotated[str, typer.Argument(help="E-mail address.")]

accounts = typer.Typer(no_args_is_help=True, help="Accounts: create, list, set, rename, deactivate, activate.")
users = typer.Typer(
    no_args_is_help=True, help="People: create, list, disable, enable, set-role, reset-password, remove."
)
sessions = typer.Typer(no_args_is_help=True, help="Signed-in browsers: list, revoke.")


@accounts.command("create")
def create_account(
    name: Annotated[str, typer.Argument(help="A name of its own.")], data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Make an account."""
    from signalbox.commands import administer

    administer.create_account(data_dir, name, as_json=as_json)


@accounts.command("set")
def set_account(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    keep_content: Annotated[
        bool | None, typer.Option("--keep-content/--no-keep-content", help="Whether prompts and answers are kept.")
    ] = None,
    redaction: Annotated[
        str | None,
        typer.Option(help="What is taken out of stored text: secrets alone, or personal data (and secrets)."),
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="Time zone of its days and months, as Europe/Berlin.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say what the audit log keeps of an account's prompts and answers, and its calendar; in force within seconds."""
    from signalbox.commands import administer

    kept = (keep_content, redaction)
    administer.set_account(data_dir, name, kept, timezone, as_json=as_json)


@accounts.command("list")
def list_accounts(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List all accounts."""
    from signalbox.commands import administer

    administer.list_accounts(data_dir, as_json=as_json)


@users.command("create")
def create_user(
    email: Annotated[str, typer.Argument(help="E-mail address.")],
    role: Annotated[PersonRole, typer.Option(help="What the person may do.")],
    account: Annotated[list[str] | None, typer.Option(help="Account, the default one first. [default: all]")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a person; the password is the first line of standard input, or generated, and shown once."""
    from signalbox.commands import administer

    administer.create_user(data_dir, email, role, account or (), as_json=as_json)


@users.command("list")
def list_users(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List all people."""
    from signalbox.commands import administer

    administer.list_users(data_dir, as_json=as_json)


@accounts.command("rename")
def rename_account(
    name: Name,
    to: Annotated[str, typer.Argument(help="The new name.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give an account another name."""
    from router_core.admin.people_views import AccountChange
    from signalbox.commands import access

    access.change_account(data_dir, name, AccountChange(name=to), as_json=as_json)


@accounts.command("deactivate")
def deactivate_account(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Take an account out of service; its keys are refused within seconds."""
    from router_core.admin.people_views import AccountChange
    from signalbox.commands import access

    access.change_account(data_dir, name, AccountChange(is_active=False), as_json=as_json)


@accounts.command("activate")
def activate_account(name: Name, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Put an account back into service."""
    from router_core.admin.people_views import AccountChange
    from signalbox.commands import access

    access.change_account(data_dir, name, AccountChange(is_active=True), as_json=as_json)


@users.command("disable")
def disable_user(email: Email, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Keep a person from signing in; their sessions end within seconds."""
    from signalbox.commands import access

    access.switch_user(data_dir, email, active=False, as_json=as_json)


@users.command("enable")
def enable_user(email: Email, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Let a person sign in again."""
    from signalbox.commands import access

    access.switch_user(data_dir, email, active=True, as_json=as_json)


@users.command("set-role")
def set_role(
    email: Email,
    role: Annotated[PersonRole, typer.Option(help="What the person may do.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give a person another role; their sessions end within seconds."""
    from signalbox.commands import access

    access.change_role(data_dir, email, role, as_json=as_json)


@users.command("reset-password")
def reset_password(
    email: Email,
    link: Annotated[bool, typer.Option("--link", help="The path of a link instead of a generated password.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End a person's password and sessions; their new way in is shown once."""
    from signalbox.commands import access

    access.reset_password(data_dir, email, link=link, as_json=as_json)


@users.command("remove")
def remove_user(email: Email, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Remove a person for good; their sessions end within seconds, what they did stays on record."""
    from signalbox.commands import access

    access.remove_user(data_dir, email, as_json=as_json)


@sessions.command("list")
def list_sessions(
    user: Annotated[str | None, typer.Option(help="Only this person's, by e-mail address.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List who is signed in where."""
    from signalbox.commands import access

    access.list_sessions(data_dir, user, as_json=as_json)


@sessions.command("revoke")
def revoke_session(
    session_id: Annotated[str | None, typer.Argument(metavar="[ID]", help="The session's id.")] = None,
    user: Annotated[str | None, typer.Option(help="All of this person's, by e-mail address.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End a session, or all of a person's; running servers notice within seconds."""
    from signalbox.commands import access

    if (session_id is None) == (user is None):
        raise typer.BadParameter("name a session, or --user and an e-mail address")
    if session_id is not None:
        access.revoke_session(data_dir, session_id, as_json=as_json)
    elif user is not None:
        access.revoke_sessions_of(data_dir, user, as_json=as_json)
