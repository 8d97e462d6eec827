"""The use-case store's contract."""

import asyncio

import pytest

from router_core.errors import ConflictError, ValidationError
from router_core.types import Canary, Flags, UseCasePolicy
from tests.support.core_fakes import provider
from tests.support.store_kinds import Stores

PATIENT = UseCasePolicy(
    connect_s=2.5, first_token_s=30.0, idle_s=20.0, min_tokens_per_s=3.5, mid_stream="resume",
    refusal_fails_over=True, hedge=True, hedge_after_ms=800, strategy="weighted", order=("a", "b"),
    weights={"a": 70, "b": 0}, canary=Canary("c", 2.5), sticky=True,
    cache_ttl_s=3_600, cache_similarity=0.9,
)  # fmt: skip


async def test_a_policy_takes_the_next_revision_and_is_in_the_snapshot_as_it_was(stores: Stores) -> None:
    assert await stores.use_cases.put_policy("tickets", PATIENT) == 2
    assert await stores.use_cases.put_policy("draft", UseCasePolicy(idle_s=5.0)) == 3
    snapshot = await stores.config.load()
    assert snapshot.revision == await stores.config.revision() == 3
    assert dict(snapshot.policies) == {"tickets": PATIENT, "draft": UseCasePolicy(idle_s=5.0)}
    assert snapshot.policy("tickets") == PATIENT


async def test_a_policy_made_from_an_older_version_is_refused_and_changes_nothing(stores: Stores) -> None:
    assert await stores.use_cases.put_policy("voice", PATIENT, base=1) == 2
    for policy in (UseCasePolicy(), None):
        with pytest.raises(ConflictError) as refused:
            await stores.use_cases.put_policy("voice", policy, base=1)
        assert refused.value.revision == 2
    assert await stores.config.revision() == 2
    assert (await stores.config.load()).policy("voice") == PATIENT
    assert await stores.use_cases.put_policy("voice", None, base=2) == 3


async def test_a_policy_is_changed_and_taken_back(stores: Stores) -> None:
    await stores.use_cases.put_policy("voice", PATIENT)
    await stores.use_cases.put_policy("voice", UseCasePolicy())
    assert (await stores.config.load()).policy("voice") == UseCasePolicy()
    assert await stores.use_cases.put_policy("voice", None) == 4
    assert dict((await stores.config.load()).policies) == {}


async def test_taking_back_what_never_was_is_a_revision_like_any_other(stores: Stores) -> None:
    assert await stores.use_cases.put_policy("never", None) == 2
    assert await stores.config.revision() == 2


async def test_policies_stay_when_other_configuration_changes(stores: Stores) -> None:
    await stores.use_cases.put_policy("draft", PATIENT)
    await stores.config.set_flags(Flags(openai=False))
    await stores.config.put_provider(provider("own"))
    snapshot = await stores.config.load()
    assert snapshot.policy("draft") == PATIENT
    assert not snapshot.flags.openai
    assert snapshot.providers[-1].name == "own"


async def test_a_use_case_with_a_policy_only_is_not_one_that_requests_may_name(stores: Stores) -> None:
    await stores.use_cases.put_policy("tickets", PATIENT)
    assert not (await stores.config.load()).knows_use_case("tickets", None)


@pytest.mark.parametrize("name", ["", " draft", "a b", "-x", "ä", "a" * 65, "nul\x00", "a\n", "'; DROP TABLE x"])
@pytest.mark.parametrize("policy", [PATIENT, None])
async def test_a_malformed_name_is_refused_and_the_revision_stays(
    stores: Stores, name: str, policy: UseCasePolicy | None
) -> None:
    with pytest.raises(ValidationError) as caught:
        await stores.use_cases.put_policy(name, policy)
    assert caught.value.field == "use_case"
    assert await stores.config.revision() == 1


async def test_changes_at_once_take_one_revision_each(stores: Stores) -> None:
    tries = [stores.use_cases.put_policy("draft", UseCasePolicy(idle_s=1.0 + number)) for number in range(8)]
    revisions = await asyncio.gather(*tries)
    assert sorted(revisions) == list(range(2, 10))
    last = revisions.index(9)
    assert (await stores.config.load()).policy("draft") == UseCasePolicy(idle_s=1.0 + last)
