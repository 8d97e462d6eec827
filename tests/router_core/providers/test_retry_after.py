"""The wait a provider asks for is read from wherever it says it, and junk is no wait."""

from datetime import UTC, datetime

import pytest

from router_core.providers.retry_after import MAX_WAIT_MS, retry_after_ms

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "16"}, 16_000),
        ({"retry-after": "1.5"}, 1_500),
        ({"retry-after-ms": "250"}, 250),
        ({"retry-after-ms": "250", "retry-after": "9"}, 250),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9_000),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}, 30_000),
        ({"retry-after": "Mon, 23 Nov 2026 11:59:30 GMT"}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, MAX_WAIT_MS),
        ({"retry-after": "99999999"}, MAX_WAIT_MS),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e309"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_wait_from_headers(headers: dict[str, str], wait: int | None):
    assert retry_after_ms(429, headers, "", NOW) == wait


@pytest.mark.parametrize(
    ("message", "wait"),
    [
        ("Rate limit reached. Please try again in 976ms. Visit", 976),
        ("Please try again in 6m0s.", 360_000),
        ("Please try again in 1m11.339s. Visit", 71_339),
        ("Please try again in 8.64s.", 8_640),
        ("Please try again in 1h2m3s", 3_723_000),
        ("Please try again later.", None),
        ("try again in a while", None),
    ],
)
def test_wait_that_only_the_message_tells(message: str, wait: int | None):
    assert retry_after_ms(429, {}, message, NOW) == wait


def test_header_goes_before_message():
    assert retry_after_ms(429, {"retry-after": "2"}, "try again in 9s", NOW) == 2_000


@pytest.mark.parametrize(
    ("status", "wait"), [(429, 7_000), (500, 7_000), (503, 7_000), (529, 7_000), (200, None), (400, None), (409, None)]
)
def test_wait_counts_only_for_limits_and_server_faults(status: int, wait: int | None):
    assert retry_after_ms(status, {"retry-after": "7"}, "", NOW) == wait
