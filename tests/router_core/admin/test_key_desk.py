"""The desk of API keys: who makes, changes, rolls and revokes which, what is refused, and what goes on record."""

from datetime import datetime, timedelta
from typing import Any, get_args

import pytest
from msgspec import structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.key_desk import KeyDesk
from router_core.admin.key_views import KeyChange, KeyOrder, KeyView, MadeKey, RollOrder
from router_core.errors import (
    ConflictError,
    ForbiddenError,
    LLMError,
    NotFoundError,
    OverloadedError,
    UnauthorizedError,
    ValidationError,
)
from router_core.ports import AccountRecord
from router_core.router import StaticConfig
from router_core.security.api_keys import KeyAuthenticator
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from router_core.types import Budget, BudgetBook, KeyRole, KeyScopes, PersonRole, Principal, Snapshot
from tests.support.core_fakes import standard_providers
from tests.support.fake_clock import START, FakeClock
from tests.support.key_text import key_secret
from tests.support.key_world import PEPPER, key_desk
from tests.support.operator_desk import FlakyActionLog, operator

ADMIN = structs.replace(operator("admin"), address="203.0.113.7")
DAY = timedelta(days=1)


class Rig:
    """The desk, what it stands on, and a process that checks keys."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.accounts = MemoryAccountStore()
        self.keys = MemoryApiKeyStore(self.accounts)
        self.log = FlakyActionLog(self.clock)
        self.gate = KeyAuthenticator(self.keys, self.accounts, PEPPER, self.clock)
        self.config = StaticConfig(Snapshot(standard_providers()))
        self._budget = Budget(id="b", scope="key", target="", period="daily", limit=5)
        trail = ActionTrail(self.log, self.clock)
        self.desk: KeyDesk = key_desk(self.keys, self.accounts, self.config, trail, self.clock, self.gate.forget)

    def give_budget(self, key_id: str) -> None:
        budgets = BudgetBook([structs.replace(self._budget, target=key_id)])
        self.config.replace(Snapshot(standard_providers(), budgets=budgets))

    async def made(self, scopes: KeyScopes | None = None, role: KeyRole = "service", **fields: Any) -> MadeKey:
        order = KeyOrder(account_id="acme", role=role, name="ci", scopes=scopes or KeyScopes(), **fields)
        return await self.desk.make(order, ADMIN)

    async def acting(self, scopes: KeyScopes | None = None, ends: datetime | None = None) -> Principal:
        """Return an admin key with those limits, as it acts."""
        key = await self.made(scopes, "admin", expires_at=ends)
        return await self.gate.authenticate(key.key)

    async def view(self, key_id: str) -> KeyView:
        return next(each for each in await self.desk.list(ADMIN) if each.id == key_id)

    async def works(self, key: MadeKey) -> bool:
        try:
            await self.gate.authenticate(key.key)
        except UnauthorizedError:
            return False
        return True


@pytest.fixture
async def rig() -> Rig:
    made = Rig()
    for name in ("acme", "other"):
        created = AccountRecord(id=name, name=name.title(), timezone="UTC", is_active=True, created_at=START)
        await made.accounts.create(created)
    return made


# --- making ---------------------------------------------------------------------------------------------------------


async def test_a_key_is_shown_once_and_kept_as_a_hash(rig: Rig) -> None:
    scopes = KeyScopes(routes=("/api/llm",), use_cases=("summary", "draft", "draft"), models=("embed-1", "gpt-4o"))
    made = await rig.made(scopes, expires_at=START + DAY)
    assert made.key.startswith(f"sbx_{made.id}_")
    assert await rig.works(made)
    assert made.key not in repr(made)
    view = await rig.view(made.id)
    assert (view.account, view.role, view.name, view.state) == ("Acme", "service", "ci", "active")
    assert (view.prefix, view.expires_at) == (f"sbx_{made.id}_", START + DAY)
    assert view.scopes == structs.replace(scopes, use_cases=("draft", "summary"))
    secret = key_secret(made.key)
    (record,) = await rig.keys.list()
    assert secret not in repr((view, record, rig.log.taken))
    assert record.secret_hash != secret.encode()


async def test_every_act_is_on_record_with_who_did_it_and_from_where(rig: Rig) -> None:
    made = await rig.made()
    heir = await rig.desk.roll(made.id, RollOrder(grace_s=60), ADMIN)
    await rig.desk.change(heir.id, KeyChange(name="nightly"), ADMIN)
    await rig.desk.revoke(heir.id, ADMIN)
    assert rig.log.verbs == ["key.created", "key.rolled", "key.changed", "key.revoked"]
    assert {(each.actor, each.actor_id, each.address) for each in rig.log.taken} == {("Ada", "id-Ada", "203.0.113.7")}
    assert {each.account_id for each in rig.log.taken} == {"acme"}
    rolled, changed = rig.log.taken[1:3]
    assert rolled.detail == {"successor": heir.id, "graceS": 60}
    assert changed.before is not None
    assert changed.after is not None
    assert (changed.before["name"], changed.after["name"]) == ("ci", "nightly")
    for made_key in (made, heir):
        assert key_secret(made_key.key) not in repr(rig.log.taken)


async def test_nothing_is_done_that_cannot_be_put_on_record(rig: Rig) -> None:
    made = await rig.made()
    rig.log.down = True
    for act in (
        rig.desk.make(KeyOrder(account_id="acme"), ADMIN),
        rig.desk.change(made.id, KeyChange(name="x"), ADMIN),
        rig.desk.roll(made.id, RollOrder(), ADMIN),
        rig.desk.revoke(made.id, ADMIN),
    ):
        with pytest.raises(OverloadedError):
            await act
    assert [(each.name, each.revoked_at, each.replaced_by) for each in await rig.keys.list()] == [("ci", None, None)]


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"account_id": "nobody"}, "accountId"),
        ({"name": "x" * 101}, "name"),
        *(({"name": name}, "name") for name in ("a\nb", " ")),
        ({"name": "sk-proj-Ab12Cd34Ef56Gh78Ij90"}, "name"),
        ({"expires_at": START}, "expiresAt"),
        ({"expires_at": datetime(2099, 1, 1)}, "expiresAt"),  # noqa: DTZ001 - without a zone on purpose
        ({"scopes": KeyScopes(routes=("/api/nothing",))}, "scopes.routes"),
        ({"scopes": KeyScopes(routes=("/api/admin/limits/acme",))}, "scopes.routes"),
        ({"scopes": KeyScopes(routes=("/api/console/visit",))}, "scopes.routes"),
        ({"scopes": KeyScopes(routes=())}, "scopes.routes"),
        ({"scopes": KeyScopes(use_cases=("nonsense",))}, "scopes.useCases"),
        ({"scopes": KeyScopes(models=("gpt-99",))}, "scopes.models"),
        ({"scopes": KeyScopes(models=("gpt-4o",) * 201)}, "scopes.models"),
    ],
)
async def test_what_cannot_be_is_refused_by_name_and_not_made(rig: Rig, order: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        await rig.desk.make(KeyOrder(**({"account_id": "acme"} | order)), ADMIN)
    assert caught.value.field == field
    assert await rig.keys.list() == []
    assert rig.log.taken == []


@pytest.mark.parametrize(
    "scopes",
    [KeyScopes(routes=("/*",)), KeyScopes(routes=("/api/llm", "/api/*")), KeyScopes(models=("*",)),
     KeyScopes(use_cases=("draft*",))],
)  # fmt: skip
@pytest.mark.parametrize("who", ["owner", "admin"])
async def test_a_wildcard_is_forbidden_to_everybody(rig: Rig, scopes: KeyScopes, who: PersonRole) -> None:
    with pytest.raises(ForbiddenError):
        await rig.desk.make(KeyOrder(account_id="acme", scopes=scopes), operator(who))
    assert await rig.keys.list() == []


@pytest.mark.parametrize("role", [*get_args(PersonRole), "service"])
async def test_heads_alone_have_the_desk(rig: Rig, role: Any) -> None:
    made, person = await rig.made(), structs.replace(operator("viewer"), role=role)
    acts = (
        lambda: rig.desk.list(person),
        lambda: rig.desk.choices(person),
        lambda: rig.desk.make(KeyOrder(account_id="acme"), person),
        lambda: rig.desk.change(made.id, KeyChange(name="x"), person),
        lambda: rig.desk.roll(made.id, RollOrder(), person),
        lambda: rig.desk.revoke(made.id, person),
    )
    for act in acts:
        if role in ("owner", "admin"):
            await act()
        else:
            with pytest.raises(ForbiddenError):
                await act()


# --- keys that make keys --------------------------------------------------------------------------------------------

NARROW = KeyScopes(routes=("/api/admin/keys", "/api/llm"), use_cases=("draft", "summary"), models=("gpt-4o",))


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (NARROW, True),
        (structs.replace(NARROW, use_cases=("draft",)), True),
        (structs.replace(NARROW, routes=("/api/llm",)), True),
        (KeyScopes(), False),
        (structs.replace(NARROW, routes=None), False),
        (structs.replace(NARROW, use_cases=None), False),
        (structs.replace(NARROW, models=None), False),
        (structs.replace(NARROW, models=("gpt-4o", "gpt-4o-mini")), False),
        (structs.replace(NARROW, routes=("/api/llm", "/api/admin/limits")), False),
    ],
)
@pytest.mark.parametrize("role", get_args(KeyRole))
async def test_a_limited_key_makes_none_that_reaches_more(
    rig: Rig, wanted: KeyScopes, fits: bool, role: KeyRole
) -> None:
    maker, order = await rig.acting(NARROW), KeyOrder(account_id="other", role=role, scopes=wanted)
    if fits:
        assert (await rig.desk.make(order, maker)).id in {each.id for each in await rig.keys.list("other")}
        return
    with pytest.raises(ForbiddenError):
        await rig.desk.make(order, maker)
    assert await rig.keys.list("other") == []


async def test_a_key_that_ends_makes_none_that_lasts_longer(rig: Rig) -> None:
    maker = await rig.acting(ends=START + DAY)
    await rig.desk.make(KeyOrder(account_id="acme", expires_at=START + DAY), maker)
    for later in (None, START + 2 * DAY):
        with pytest.raises(ForbiddenError):
            await rig.desk.make(KeyOrder(account_id="acme", expires_at=later), maker)


async def test_a_limited_key_touches_no_key_that_reaches_more(rig: Rig) -> None:
    maker, wide = await rig.acting(NARROW), await rig.made()
    for act in (
        rig.desk.change(wide.id, KeyChange(name="x"), maker),
        rig.desk.roll(wide.id, RollOrder(), maker),
        rig.desk.revoke(wide.id, maker),
    ):
        with pytest.raises(ForbiddenError):
            await act
    assert (await rig.view(wide.id)).state == "active"


@pytest.mark.parametrize("scopes", [None, NARROW])
async def test_a_key_does_not_change_itself_but_may_end_itself(rig: Rig, scopes: KeyScopes | None) -> None:
    maker = await rig.acting(scopes)
    for change in (KeyChange(name="x"), KeyChange(expires_at=None)):
        with pytest.raises(ForbiddenError):
            await rig.desk.change(maker.id, change, maker)
    assert (await rig.desk.revoke(maker.id, maker)).state == "revoked"


async def test_a_key_that_ends_cannot_roll_itself_into_a_longer_life(rig: Rig) -> None:
    maker = await rig.acting(ends=START + DAY)
    rig.clock.advance(60)
    with pytest.raises(ForbiddenError):
        await rig.desk.roll(maker.id, RollOrder(), maker)
    assert len(await rig.keys.list()) == 1


async def test_a_narrow_key_extends_a_narrow_one_no_further_than_itself(rig: Rig) -> None:
    maker = await rig.acting(NARROW, ends=START + 2 * DAY)
    other = await rig.made(NARROW, expires_at=START + DAY)
    await rig.desk.change(other.id, KeyChange(expires_at=START + 2 * DAY), maker)
    for later in (None, START + 3 * DAY):
        with pytest.raises(ForbiddenError):
            await rig.desk.change(other.id, KeyChange(expires_at=later), maker)


# --- rolling, changing, ending --------------------------------------------------------------------------------------


async def test_a_roll_gives_a_key_like_the_old_one_which_goes_on_for_its_grace(rig: Rig) -> None:
    scopes = KeyScopes(models=("gpt-4o",))
    old = await rig.made(scopes, "admin", expires_at=START + 90 * DAY)
    rig.clock.advance(80 * 86_400)
    assert await rig.works(old)
    heir = await rig.desk.roll(old.id, RollOrder(grace_s=3_600), ADMIN)
    now = rig.clock.utcnow()
    assert (heir.replaces, heir.replaced_until) == (old.id, now + timedelta(hours=1))
    before, after = await rig.view(old.id), await rig.view(heir.id)
    assert (before.state, before.replaced_by, before.expires_at) == ("ending", heir.id, heir.replaced_until)
    assert (after.account_id, after.role, after.name, after.scopes) == ("acme", "admin", "ci", scopes)
    assert after.expires_at == now + 90 * DAY, "as long a life as the old one had"
    assert await rig.works(old)
    assert await rig.works(heir)
    rig.clock.advance(3_600)
    assert not await rig.works(old)
    assert await rig.works(heir)
    assert (await rig.view(old.id)).state == "expired"


async def test_a_roll_without_grace_ends_the_old_key_at_once(rig: Rig) -> None:
    old = await rig.made()
    assert await rig.works(old)
    heir = await rig.desk.roll(old.id, RollOrder(grace_s=0), ADMIN)
    assert not await rig.works(old)
    assert await rig.works(heir)


@pytest.mark.parametrize("grace", [-1, 30 * 86_400 + 1])
async def test_a_grace_has_bounds(rig: Rig, grace: int) -> None:
    made = await rig.made()
    with pytest.raises(ValidationError) as caught:
        await rig.desk.roll(made.id, RollOrder(grace_s=grace), ADMIN)
    assert caught.value.field == "graceS"


async def test_a_second_roll_of_a_key_is_a_conflict_and_makes_nothing(rig: Rig) -> None:
    made = await rig.made()
    await rig.desk.roll(made.id, RollOrder(), ADMIN)
    with pytest.raises(ConflictError):
        await rig.desk.roll(made.id, RollOrder(), ADMIN)
    assert len(await rig.keys.list()) == 2


async def test_what_is_over_is_neither_rolled_nor_changed(rig: Rig) -> None:
    revoked, expired = await rig.made(), await rig.made(expires_at=START + DAY)
    await rig.desk.revoke(revoked.id, ADMIN)
    rig.clock.advance(86_400)
    for key in (revoked, expired):
        for act in (rig.desk.roll(key.id, RollOrder(), ADMIN), rig.desk.change(key.id, KeyChange(name="x"), ADMIN)):
            with pytest.raises(ValidationError):
                await act


async def test_a_change_touches_what_it_names(rig: Rig) -> None:
    made = await rig.made(expires_at=START + DAY)
    assert (await rig.desk.change(made.id, KeyChange(name=" nightly "), ADMIN)).name == "nightly"
    view = await rig.desk.change(made.id, KeyChange(expires_at=START + 2 * DAY), ADMIN)
    assert (view.name, view.expires_at) == ("nightly", START + 2 * DAY)
    assert (await rig.desk.change(made.id, KeyChange(expires_at=None), ADMIN)).expires_at is None
    await rig.desk.roll(made.id, RollOrder(), ADMIN)
    with pytest.raises(ValidationError):
        await rig.desk.change(made.id, KeyChange(expires_at=None), ADMIN)


async def test_an_earlier_end_is_felt_here_at_once(rig: Rig) -> None:
    made = await rig.made()
    assert await rig.works(made)
    await rig.desk.change(made.id, KeyChange(expires_at=START + timedelta(seconds=1)), ADMIN)
    rig.clock.advance(1)
    assert not await rig.works(made)


async def test_a_revoked_key_is_refused_with_the_next_request(rig: Rig) -> None:
    made = await rig.made()
    assert await rig.works(made)
    view = await rig.desk.revoke(made.id, ADMIN)
    assert (view.state, view.revoked_at) == ("revoked", START)
    assert not await rig.works(made)


async def test_a_key_that_does_not_exist_is_404(rig: Rig) -> None:
    found: list[type[LLMError]] = []
    for act in (
        rig.desk.change("nope", KeyChange(name="x"), ADMIN),
        rig.desk.roll("nope", RollOrder(), ADMIN),
        rig.desk.revoke("nope", ADMIN),
    ):
        with pytest.raises(NotFoundError) as caught:
            await act
        found.append(caught.type)
    assert len(found) == 3


# --- looking --------------------------------------------------------------------------------------------------------


async def test_the_list_says_what_people_should_know_of_each_key(rig: Rig) -> None:
    old, ending = await rig.made(), await rig.made(expires_at=START + 95 * DAY)
    rig.give_budget(old.id)
    rig.clock.advance(89 * 86_400)
    assert {each.id: each.notices for each in await rig.desk.list(ADMIN)} == {old.id: (), ending.id: ("expiring",)}
    await rig.keys.note_uses({old.id: rig.clock.utcnow()})
    rig.clock.advance(86_400)
    view = await rig.view(old.id)
    assert view.notices == ("woken", "old")
    assert (view.idle_since, view.woken_at) == (START, START + 89 * DAY)
    assert [(each.period, each.limit) for each in view.budgets] == [("daily", 5)]
    await rig.desk.revoke(ending.id, ADMIN)
    assert (await rig.view(ending.id)).notices == ()
    rig.clock.advance(7 * 86_400)
    assert (await rig.view(old.id)).notices == ("old",)


async def test_the_keys_of_one_account_can_be_listed_alone(rig: Rig) -> None:
    mine = await rig.made()
    theirs = await rig.desk.make(KeyOrder(account_id="other"), ADMIN)
    assert [each.id for each in await rig.desk.list(ADMIN, "other")] == [theirs.id]
    assert {each.id for each in await rig.desk.list(ADMIN)} == {mine.id, theirs.id}
    assert (await rig.view(theirs.id)).name == "Other service"


async def test_the_choices_are_what_the_desk_takes(rig: Rig) -> None:
    choices = await rig.desk.choices(ADMIN)
    assert [each.name for each in choices.accounts] == ["Acme", "Other"]
    everything = KeyScopes(routes=choices.routes, use_cases=choices.use_cases, models=choices.models)
    assert await rig.works(await rig.made(everything))
    assert "/api/llm" in choices.routes
    assert "gpt-4o" in choices.models
    assert {"draft", "embeddings"} <= set(choices.use_cases)
