"""What the demo's store is furnished with: accounts, a person and keys."""

from typing import Final

from router_core.ports import AccountRecord
from router_core.types import KeyRole, Principal, Secret
from signalbox.administration import create_account, create_user, generate_password, issue_key
from signalbox.bootstrap import Runtime
from signalbox.demo.facts import ConsoleLogin, DemoFacts

__all__ = ["demo_principal", "furnish"]

DEMO_EMAIL: Final = "admin@demo.example"
DEMO_ACCOUNTS: Final = ("Northwind", "Contoso")


async def furnish(runtime: Runtime, base_url: str, simulator_url: str, earlier: DemoFacts | None) -> DemoFacts:
    """Return the facts of this start; what an earlier start made is used again as long as it still works."""
    if earlier is not None and await _still_works(runtime, earlier):
        made = earlier
    else:
        made = await _make(runtime)
    return DemoFacts(
        base_url=base_url,
        simulator_url=simulator_url,
        api_key=made.api_key,
        admin_api_key=made.admin_api_key,
        account_id=made.account_id,
        other_account_id=made.other_account_id,
        other_api_key=made.other_api_key,
        console=made.console,
    )


def demo_principal(facts: DemoFacts) -> Principal:
    """Return who sends the background workload."""
    return Principal(
        kind="embedded", id="demo-workload", name="demo workload", role="service", accounts=(facts.account_id,)
    )


async def _still_works(runtime: Runtime, facts: DemoFacts) -> bool:
    user = await runtime.users.by_email(facts.console.email)
    if user is None or not user.is_active:
        return False
    secret = Secret(facts.console.password)
    if not await runtime.passwords.verify(secret, user.password_hash):
        return False
    stored = {key.id for key in await runtime.api_keys.list() if key.revoked_at is None}
    return all(key.split("_")[1] in stored for key in (facts.api_key, facts.admin_api_key, facts.other_api_key))


async def _make(runtime: Runtime) -> DemoFacts:
    first, second = [await _account(runtime, name) for name in DEMO_ACCOUNTS]
    return DemoFacts(
        base_url="",
        simulator_url="",
        api_key=await _key(runtime, first, "service"),
        admin_api_key=await _key(runtime, first, "admin"),
        account_id=first.id,
        other_account_id=second.id,
        other_api_key=await _key(runtime, second, "service"),
        console=await _person(runtime, (first.id, second.id)),
    )


async def _account(runtime: Runtime, name: str) -> AccountRecord:
    known = await runtime.accounts.by_name(name)
    return known or await create_account(runtime.accounts, runtime.clock, name, runtime.settings.timezone)


async def _key(runtime: Runtime, account: AccountRecord, role: KeyRole) -> str:
    made = await issue_key(
        runtime.api_keys, runtime.pepper, runtime.clock, account_id=account.id, role=role, name=f"demo {role}"
    )
    return made.key.reveal()


async def _person(runtime: Runtime, accounts: tuple[str, ...]) -> ConsoleLogin:
    """Make the admin; when an earlier one's password is lost, make another beside it."""
    email = DEMO_EMAIL
    number = 1
    while await runtime.users.by_email(email) is not None:
        number += 1
        email = f"admin{number}@demo.example"
    password = generate_password()
    await create_user(runtime.users, runtime.passwords, runtime.clock, email, password, "admin", accounts)
    return ConsoleLogin(email, password.reveal())
