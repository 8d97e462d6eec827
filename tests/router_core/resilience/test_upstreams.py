"""Who shares an upstream with whom, and how news travels."""

import pytest

from router_core.errors import QuotaExceededError
from router_core.resilience.breaker_policy import BreakerPolicy
from router_core.resilience.upstream import Upstream, UpstreamPolicy
from router_core.resilience.upstreams import MOST_UPSTREAMS, Upstreams
from router_core.types import BreakerTransition, Headroom, Secret, model_family
from tests.support.core_fakes import provider
from tests.support.fake_clock import FakeClock

KEY = Secret("sk-one-0000")


def fresh(node: str = "here") -> Upstreams:
    return Upstreams(UpstreamPolicy(breaker=BreakerPolicy()), FakeClock(), node)


def fail(upstream: Upstream, times: int = 5) -> None:
    for _ in range(times):
        upstream.breaker.acquire().failure()


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
        ("gpt-4-0613", "gpt-4-0613"),
    ],
)
def test_a_models_family_is_its_name_without_the_date(model: str, family: str) -> None:
    assert model_family(model) == family


def test_vendor_credential_and_family_make_an_upstream() -> None:
    upstreams = fresh()
    one = upstreams.of(provider("a"), KEY)
    assert upstreams.of(provider("b", model="gpt-4o-mini-2024-07-18"), Secret("sk-one-0000")) is one
    others = [
        upstreams.of(provider("a", model="gpt-4o"), KEY),
        upstreams.of(provider("a"), Secret("sk-two-0000")),
        upstreams.of(provider("a", base_url="https://eu.example/v1"), KEY),
        upstreams.of(provider("a", kind="anthropic"), KEY),
    ]
    assert len({id(each) for each in [one, *others]}) == 5
    assert upstreams.find(one.id) is one
    assert upstreams.all() == [one, *others]


def test_an_id_tells_vendor_and_family_but_nothing_of_the_key() -> None:
    upstream = fresh().of(provider("a"), Secret("sk-proj-VERYSECRET"))
    kind, credential, family = upstream.id.split(":")
    assert (kind, family, len(credential)) == ("openai", "gpt-4o-mini", 10)
    assert "SECRET" not in upstream.id
    assert fresh().of(provider("z"), Secret("sk-proj-VERYSECRET")).id == upstream.id


def test_what_happens_here_is_announced_and_what_is_heard_is_not() -> None:
    here, there = fresh("here"), fresh("there")
    told: list[BreakerTransition] = []
    here.subscribe(told.append)
    echoes: list[BreakerTransition] = []
    there.subscribe(echoes.append)
    remote = there.of(provider("a"), KEY)
    fail(here.of(provider("a"), KEY))
    assert [(each.node, each.cause) for each in told] == [("here", "failures_in_a_row")]
    there.hear(told[0])
    assert remote.breaker.is_open()
    assert echoes == []


def test_what_is_heard_of_an_unknown_upstream_holds_when_it_is_first_used() -> None:
    here, there = fresh("here"), fresh("there")
    told: list[BreakerTransition] = []
    here.subscribe(told.append)
    here.of(provider("a"), KEY).breaker.force("OPEN", actor="ada", reason="x")
    there.hear(told[0])
    assert there.of(provider("a"), KEY).breaker.is_open()


def test_a_reset_ends_rests_too_here_and_there() -> None:
    here, there = fresh("here"), fresh("there")
    told: list[BreakerTransition] = []
    here.subscribe(told.append)
    for upstreams in (here, there):
        upstreams.of(provider("a"), KEY).note_error(QuotaExceededError("empty", provider="a", upstream_status=429))
    mine, theirs = here.of(provider("a"), KEY), there.of(provider("a"), KEY)
    assert mine.state().resting_reason == "quota spent"
    mine.reset(actor="ada")
    there.hear(told[-1])
    assert (mine.resting(), theirs.resting()) == (None, None)


def test_a_picture_shows_what_headers_said() -> None:
    upstream = fresh().of(provider("a"), KEY)
    upstream.note_answer(Headroom(requests_limit=500, requests_remaining=499))
    state = upstream.state()
    assert state.headroom is not None
    assert (state.headroom.requests_remaining, state.headroom_at is not None) == (499, True)


def test_upstreams_of_rotated_keys_are_forgotten_and_troubled_ones_kept() -> None:
    upstreams = fresh()
    troubled = upstreams.of(provider("a"), Secret("sk-troubled"))
    fail(troubled)
    for number in range(MOST_UPSTREAMS + 5):
        upstreams.of(provider("a"), Secret(f"sk-{number}"))
    assert len(upstreams.all()) < 100
    assert upstreams.of(provider("a"), Secret("sk-troubled")) is troubled
