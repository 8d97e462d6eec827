"""How a console's calls travel: every call of the list, and no other."""

import inspect
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec
import pytest

from router_core.cost.bill import BillFault, WrongBillError
from router_core.errors import (
    ForbiddenError,
    InvalidAPIKeyError,
    LLMError,
    MaxRetriesExceededError,
    PaymentRequiredError,
    RateLimitError,
    TimeoutError,
    ValidationError,
)
from router_core.types import Principal
from signalbox.screens.calls import CALLS, DESKS, LOCAL, STREAMS, VISIT
from signalbox.screens.failures import TravellingError, packed, unpacked
from signalbox.screens.wire import PERSON, WireFault, table_digest, wire_calls
from tests.support.any_value import any_value

SEEDS = 40
ADA = Principal(kind="person", id="u1", name="ada@example.com", role="owner", accounts=("acme",))


def methods() -> set[str]:
    """Return the methods of all desks by the names that the list would give them."""
    return {
        f"{desk}.{name}".lstrip(".")
        for desk, protocol in DESKS.items()
        for name, member in vars(protocol).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }


def test_the_list_holds_every_method_of_the_backend_and_nothing_else() -> None:
    """A method that pages may call but a console elsewhere cannot would be found by an operator."""
    assert set(CALLS) | set(STREAMS) | LOCAL | {VISIT} == methods()


def test_the_desks_are_the_properties_of_the_backend() -> None:
    properties = {name for name, member in vars(DESKS[""]).items() if isinstance(member, property)}
    assert set(DESKS) - {""} == properties


@pytest.mark.parametrize("name", sorted([*CALLS, *STREAMS]))
def test_arguments_and_answers_of_every_call_come_out_as_they_went_in(name: str) -> None:
    call = wire_calls()[name]
    arguments, *answers = call.shape
    person = {PERSON: ADA} if call.wants(PERSON) else {}
    for seed in range(SEEDS):
        dice = Random(seed)
        given = {each: any_value(kind, dice) for each, kind in arguments.__annotations__.items()}
        assert plain(call.decode_arguments(call.encode_arguments(**given, **person))) == plain(given)
        for kind in answers:
            answer = any_value(kind, dice)
            assert plain(call.decode_answer(call.encode_answer(answer))) == plain(answer)


def plain(value: Any) -> Any:
    """Return ``value`` with lists for tuples, since a sequence is one or the other."""
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return {name: plain(each) for name, each in value.items()} if isinstance(value, dict) else value


def test_who_calls_is_no_argument() -> None:
    body = msgspec.json.encode({"provider": "openai-gpt4o", "reason": "", "person": ADA})
    with pytest.raises(WireFault):
        wire_calls()["reset_breaker"].decode_arguments(body)
    assert b"ada@example.com" not in wire_calls()["reset_breaker"].encode_arguments(ADA, "openai-gpt4o", "")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"provider": 7, "reason": "x"}', b'{"provider": "sk-secret-0000", "reason": []}', b"\xff"],
)
def test_what_is_no_call_is_refused_without_an_echo(body: bytes) -> None:
    with pytest.raises(WireFault) as refused:
        wire_calls()["reset_breaker"].decode_arguments(body)
    assert "sk-secret" not in str(refused.value)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    body = msgspec.json.encode(
        {"by": "provider", "since": "2026-01-01T00:00:00", "until": datetime(2026, 1, 2, tzinfo=UTC)}
    )
    with pytest.raises(WireFault, match="time zone"):
        wire_calls()["spending"].decode_arguments(body)


def test_the_digest_of_the_calls_is_the_same_every_time() -> None:
    first = table_digest()
    table_digest.cache_clear()
    wire_calls.cache_clear()
    assert table_digest() == first


@pytest.mark.parametrize(
    "error",
    [
        ForbiddenError("Your role does not allow this"),
        ValidationError("`limit` must be an amount", field="limit"),
        PaymentRequiredError("Daily budget exceeded", budget_status={"dailyUsed": 1.5, "alerts": ["x"]}),
        InvalidAPIKeyError("The provider refused its key", provider="openai-gpt4o", upstream_status=401),
        TimeoutError(60_000, provider="openai-gpt4o", waited_for="first_token"),
        MaxRetriesExceededError(3, RateLimitError("too many", provider="openai-gpt4o", retry_after_ms=1500)),
        WrongBillError([BillFault(2, "cost", "is no amount"), BillFault(3, "", "is empty")]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_keeps_class_code_message_and_facts(error: LLMError) -> None:
    back = unpacked(msgspec.json.decode(msgspec.json.encode(packed(error)), type=TravellingError))
    assert type(back) is type(error)
    assert (str(back), back.message, back.code, back.status_code) == (
        str(error),
        error.message,
        error.code,
        error.status_code,
    )
    assert (back.context, back.retry_after_ms) == (error.context, error.retry_after_ms)


def test_an_error_of_a_class_that_this_side_does_not_know_is_an_internal_one() -> None:
    assert unpacked(TravellingError(kind="SystemExit", message="no")).code == "INTERNAL_ERROR"
