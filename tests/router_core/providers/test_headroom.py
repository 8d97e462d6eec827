"""What rate-limit headers say is left, however they are written."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from router_core.providers.headroom import HeadroomReader, headroom_of
from router_core.types import CallTimeouts, Headroom, LLMRequest, ProviderCall, Secret
from tests.support.core_fakes import provider
from tests.support.fake_clock import FakeClock

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OPENAI = [
    (b"x-ratelimit-limit-requests", b"500"),
    (b"X-RateLimit-Remaining-Requests", b"499"),
    (b"x-ratelimit-reset-requests", b"120ms"),
    (b"x-ratelimit-limit-tokens", b"30000"),
    (b"x-ratelimit-remaining-tokens", b"29000"),
    (b"x-ratelimit-reset-tokens", b"6m0s"),
]
ANTHROPIC = [
    (b"anthropic-ratelimit-requests-limit", b"50"),
    (b"anthropic-ratelimit-requests-remaining", b"0"),
    (b"anthropic-ratelimit-requests-reset", b"2026-03-01T12:00:30Z"),
    (b"anthropic-ratelimit-input-tokens-limit", b"40000"),
    (b"anthropic-ratelimit-input-tokens-remaining", b"12"),
    (b"anthropic-ratelimit-input-tokens-reset", b"2026-03-01T11:59:00Z"),
]


def test_openais_headers() -> None:
    assert headroom_of(OPENAI, NOW) == Headroom(
        requests_limit=500, requests_remaining=499, requests_reset_s=0.12, tokens_limit=30_000,
        tokens_remaining=29_000, tokens_reset_s=360.0,
    )  # fmt: skip


def test_anthropics_headers() -> None:
    assert headroom_of(ANTHROPIC, NOW) == Headroom(
        requests_limit=50, requests_remaining=0, requests_reset_s=30.0, tokens_limit=40_000, tokens_remaining=12,
        tokens_reset_s=0.0,
    )  # fmt: skip


def test_an_answer_without_such_headers_says_nothing() -> None:
    assert headroom_of([(b"content-type", b"application/json")], NOW) is None


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_nonsense_is_ignored(limit: bytes, left: bytes, reset: bytes) -> None:
    fields = [(OPENAI[0][0], limit), (OPENAI[1][0], left), (OPENAI[2][0], reset), (ANTHROPIC[5][0], reset)]
    found = headroom_of(fields, NOW)
    assert found is not None
    for count in (found.requests_limit, found.requests_remaining):
        assert count is None or 0 <= count < 10**12
    assert found.requests_reset_s is None or found.requests_reset_s >= 0


def test_an_upstreams_headers_are_read_once_a_second() -> None:
    clock = FakeClock()
    reader = HeadroomReader(clock)

    def call(key: str) -> ProviderCall:
        return ProviderCall(
            request=LLMRequest(prompt="x"), provider=provider("a"), key=Secret(key), max_tokens=1,
            timeouts=CallTimeouts(),
        )  # fmt: skip

    assert reader.read(call("sk-one"), OPENAI) is not None
    assert reader.read(call("sk-one"), OPENAI) is None
    assert reader.read(call("sk-two"), OPENAI) is not None
    clock.advance(1.0)
    assert reader.read(call("sk-one"), OPENAI) is not None
