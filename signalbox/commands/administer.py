"""``signalbox accounts|users``: beside a running server, straight in the store."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, cast, get_args

from msgspec import structs

from router_core.admin.people_views import AccountChange
from router_core.ports import AccountRecord, UserRecord
from router_core.security.password_room import PasswordRoom
from router_core.security.passwords import Argon2Passwords
from router_core.types import PersonRole, Redaction, Secret
from signalbox import administration
from signalbox.commands.access import desks_over
from signalbox.commands.output import print_json, print_line, print_secret
from signalbox.commands.store_desk import COMMAND, StoreDesk, at_desk, print_rows, public, tell
from signalbox.faults import UsageFault

__all__ = [
    "create_account",
    "create_user",
    "list_accounts",
    "list_users",
    "set_account",
]

T = TypeVar("T")


def create_account(data_dir: Path | None, name: str, *, as_json: bool) -> None:
    """Make an account and print its id."""

    async def work(desk: StoreDesk) -> AccountRecord:
        made = await administration.create_account(desk.store.accounts, desk.clock, name, desk.settings.timezone)
        await tell(desk, "account.created", made.name, made.id, after={"name": made.name, "timezone": made.timezone})
        return made

    account = at_desk(data_dir, work)
    if as_json:
        print_json({"id": account.id, "name": account.name})
    else:
        print_line(f"account {account.name} has the id {account.id}")


def list_accounts(data_dir: Path | None, *, as_json: bool) -> None:
    """Print all accounts."""
    found = at_desk(data_dir, lambda desk: desk.store.accounts.list())
    rows = [
        public(each, "id", "name", "timezone", "is_active", "created_at", "keeps_content", "redaction")
        for each in found
    ]
    print_rows(rows, as_json=as_json)


def create_user(data_dir: Path | None, email: str, role: PersonRole, names: Sequence[str], *, as_json: bool) -> None:
    """Make a person, who signs in with a password read from standard input or generated, and shown once."""
    password = _given_password() or administration.generate_password()

    async def work(desk: StoreDesk) -> UserRecord:
        accounts = await _accounts_of(desk, names)
        made = await administration.create_user(
            desk.store.users, PasswordRoom(Argon2Passwords()), desk.clock, email, password, role, accounts
        )
        await tell(desk, "user.created", made.email, None, after={"role": role, "accounts": list(accounts)})
        return made

    user = at_desk(data_dir, work)
    print_secret({"id": user.id, "email": user.email, "password": password.reveal()}, as_json=as_json)


def list_users(data_dir: Path | None, *, as_json: bool) -> None:
    """Print all people."""
    found = at_desk(data_dir, lambda desk: desk.store.users.list())
    rows = [public(each, "id", "email", "role", "accounts", "is_active", "created_at") for each in found]
    print_rows(rows, as_json=as_json)


def set_account(
    data_dir: Path | None, name: str, kept: tuple[bool | None, str | None], timezone: str | None, *, as_json: bool
) -> None:
    """Say what is ``kept`` of an account's prompts and answers, content and redaction, and which calendar it has.

    None is for as it was. Raises :class:`UsageFault`.
    """
    keeps, redaction = kept
    if keeps is None and redaction is None and timezone is None:
        raise UsageFault("nothing to set: say --keep-content, --no-keep-content, --redaction or --timezone")
    if redaction is not None and redaction not in get_args(Redaction):
        raise UsageFault(f"--redaction must be {' or '.join(get_args(Redaction))}")

    async def work(desk: StoreDesk) -> AccountRecord:
        account = await administration.find_account(desk.store.accounts, name)
        if timezone is not None:
            change = AccountChange(timezone=timezone)
            zone = (await desks_over(desk).accounts.change(account.id, change, COMMAND)).timezone
            account = structs.replace(account, timezone=zone)
        wanted = structs.replace(
            account,
            keeps_content=account.keeps_content if keeps is None else keeps,
            redaction=account.redaction if redaction is None else cast("Redaction", redaction),
        )
        await _keep(desk, account, wanted)
        return wanted

    account = at_desk(data_dir, work)
    if as_json:
        print_json({"id": account.id, "name": account.name, "timezone": account.timezone, **_kept(account)})
        return
    held = "kept" if account.keeps_content else "not kept"
    taken = "secrets are" if account.redaction == "secrets" else "secrets and personal data are"
    print_line(f"prompts and answers of {account.name} are {held} from now on; {taken} taken out of stored text")
    print_line(f"its days and months are those of {account.timezone}")


async def _keep(desk: StoreDesk, account: AccountRecord, wanted: AccountRecord) -> None:
    before, after = _kept(account), _kept(wanted)
    if before == after:
        return
    await tell(desk, "account.content_switched", account.name, account.id, before=before, after=after)
    if wanted.keeps_content != account.keeps_content:
        await desk.store.content.keep_content(account.id, keeps=wanted.keeps_content)
    if wanted.redaction != account.redaction:
        await desk.store.content.keep_personal(account.id, keeps=wanted.redaction == "secrets")


def _kept(account: AccountRecord) -> dict[str, object]:
    return {"keepsContent": account.keeps_content, "redaction": account.redaction}


async def _accounts_of(desk: StoreDesk, names: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of the accounts named; of all accounts when none is named, made when there is none at all."""
    if names:
        return tuple([(await administration.find_account(desk.store.accounts, name)).id for name in names])
    known = await desk.store.accounts.list()
    if known:
        return tuple(account.id for account in known)
    made = await administration.create_account(
        desk.store.accounts, desk.clock, administration.DEFAULT_ACCOUNT, desk.settings.timezone
    )
    return (made.id,)


def _given_password() -> Secret | None:
    """Return the first line of standard input, None on a terminal or when there is nothing."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return None
    try:
        line = sys.stdin.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise UsageFault("the password on standard input cannot be read") from None
    return Secret(line) if line else None
