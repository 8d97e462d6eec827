"""What makes two questions the same."""

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, structs

from router_core.cache.answer_key import NO_EFFECT, NO_NATIVE_EFFECT, AnswerKey, answer_key
from router_core.selection import Absence, select
from router_core.types import (
    CachePolicy,
    Capabilities,
    LLMRequest,
    Message,
    NativeProtocol,
    NativeRequest,
    Plan,
    ProviderConfig,
    Question,
    RelayedRequest,
    ResponseFormat,
    Snapshot,
    ToolFormat,
)
from tests.support.core_fakes import ask, provider

# Another value for every field of a request that can change the answer.
CHANGES: dict[str, Any] = {
    "prompt": "Say bye",
    "messages": (Message(role="user", content="Say hello"),),
    "system_prompt": "Be brief.",
    "max_tokens": 7,
    "temperature": 0.0,
    "model_override": "gpt-4o-mini",
    "tools": {"look": ToolFormat(description="Look it up")},
    "tool_choice": "none",
    "max_steps": 2,
    "images": ("https://example.com/a.png",),
    "response_format": ResponseFormat(type="json_schema", schema={"type": "object"}),
}
ROWS = (provider("a"), provider("b", model="gpt-4o"))


def plan_of(*rows: ProviderConfig, request: LLMRequest | None = None, absence: Absence | None = None) -> Plan:
    return select(request or ask(), Snapshot(rows), None, lambda row: absence)


def key_of(request: LLMRequest | None = None, account: str | None = "acme", **changes: Any) -> AnswerKey:
    asked = request or ask()
    facts: dict[str, Any] = {"use_case": "general", "plan": plan_of(*ROWS), "streamed": False, "marks": {}}
    facts |= changes
    marks = MappingProxyType(facts.pop("marks"))
    found = answer_key(Question(request=asked, account_id=account, **facts), marks)
    assert found is not None
    return found


def test_every_field_of_a_request_is_known_to_change_the_answer_or_not_to() -> None:
    assert set(LLMRequest.__struct_fields__) == CHANGES.keys() | NO_EFFECT.keys()
    assert not CHANGES.keys() & NO_EFFECT.keys()


@pytest.mark.parametrize("field", sorted(CHANGES))
def test_every_field_that_changes_the_answer_changes_the_key(field: str) -> None:
    other = ask(**{field: CHANGES[field]})
    assert key_of(other).digest != key_of().digest


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account_id", "acme"), ("stream", True), ("stream_protocol", "data"), ("cache", CachePolicy(ttl_seconds=5)),
        ("explain", True), ("metadata", {"ticket": 7}),
    ],
)  # fmt: skip
def test_what_only_says_how_to_answer_does_not(field: str, value: Any) -> None:
    assert key_of(ask(**{field: value})) == key_of()


@given(one=st.none() | st.text(min_size=1), other=st.none() | st.text(min_size=1), prompt=st.text(min_size=1))
def test_two_accounts_never_share_a_key(one: str | None, other: str | None, prompt: str) -> None:
    first, second = key_of(ask(prompt), one), key_of(ask(prompt), other)
    assert (first.digest == second.digest) == (one == other)


@given(
    one=st.lists(st.text(alphabet="ab:,\"[]", max_size=3), min_size=2, max_size=2),
    other=st.lists(st.text(alphabet="ab:,\"[]", max_size=3), min_size=2, max_size=2),
)  # fmt: skip
def test_texts_never_run_into_each_other(one: list[str], other: list[str]) -> None:
    keys = [key_of(ask(text[0], system_prompt=text[1])).digest for text in (one, other)]
    assert (keys[0] == keys[1]) == (one == other)


def test_the_order_of_tools_and_of_a_schema_counts_for_a_model_answers_in_it() -> None:
    one = {"type": "object", "properties": {"a": {}, "b": {}}}
    other = {"type": "object", "properties": {"b": {}, "a": {}}}
    keys = {
        key_of(ask(response_format=ResponseFormat(type="json_schema", schema=each))).digest for each in (one, other)
    }
    assert len(keys) == 2


def test_the_use_case_that_a_request_counts_as_is_part_of_the_key() -> None:
    assert key_of(use_case="draft").digest != key_of().digest


@pytest.mark.parametrize(
    "change",
    [
        {"model": "gpt-4o"}, {"kind": "anthropic"}, {"base_url": "https://other.example"}, {"max_tokens": 100},
        {"capabilities": Capabilities(max_temperature=None)}, {"id": "another"},
    ],
)  # fmt: skip
def test_a_row_that_would_answer_otherwise_changes_the_key(change: dict[str, Any]) -> None:
    changed = structs.replace(ROWS[0], **change)
    assert key_of(plan=plan_of(changed, ROWS[1])).digest != key_of().digest
    assert key_of(plan=plan_of(ROWS[1])).digest != key_of().digest


@pytest.mark.parametrize("change", [{"weight": 7}, {"version": 9}, {"is_default": True}])
def test_what_changes_only_who_comes_first_does_not(change: dict[str, Any]) -> None:
    changed = structs.replace(ROWS[0], **change)
    assert key_of(plan=plan_of(ROWS[1], changed)) == key_of()


@pytest.mark.parametrize("code", ["breaker_open", "resting", "saturated", "limited"])
def test_an_outage_does_not_hide_what_is_kept(code: Any) -> None:
    assert key_of(plan=plan_of(*ROWS, absence=Absence(code, "for now"))) == key_of()


def test_without_a_row_that_may_serve_nothing_is_kept() -> None:
    off = plan_of(*(structs.replace(row, is_active=False) for row in ROWS))
    question = Question(request=ask(), account_id="acme", use_case="general", plan=off, streamed=False)
    assert answer_key(question, {}) is None


def test_what_is_no_json_is_not_kept() -> None:
    question = Question(
        request=ask("\ud800"), account_id="acme", use_case="general", plan=plan_of(*ROWS), streamed=False
    )
    assert answer_key(question, {}) is None


@pytest.mark.parametrize(
    ("purged", "felt"),
    [
        (("", ""), True), (("acme", ""), True), (("", "general"), True), (("acme", "general"), True),
        (("rival", ""), False), (("", "draft"), False), (("acme", "draft"), False), (("rival", "general"), False),
    ],
)  # fmt: skip
def test_a_purge_puts_its_part_out_of_reach_and_nothing_else(purged: tuple[str, str], felt: bool) -> None:
    before, after = key_of(), key_of(marks={purged: 1})
    assert (before.digest != after.digest) == felt


# --- in a vendor's own protocol --------------------------------------------------------------------------------------


def native_key(*, streamed: bool = False, verbatim: bool = False, protocol: NativeProtocol = "openai-chat",
               **fields: bytes) -> bytes:  # fmt: skip
    raw = {"messages": Raw(b"[]"), **{name: Raw(value) for name, value in fields.items()}}
    native = NativeRequest(protocol=protocol, fields=raw, verbatim=verbatim)
    return key_of(RelayedRequest(prompt="Say hello", native=native), streamed=streamed).digest


def test_the_client_s_own_fields_change_the_key_whatever_their_order() -> None:
    assert native_key(logit_bias=b"{}") != native_key()
    assert native_key(seed=b"1", n=b"2") == native_key(n=b"2", seed=b"1")
    assert native_key(protocol="anthropic-messages") != native_key()
    assert native_key() != key_of(ask("Say hello")).digest


@pytest.mark.parametrize("field", sorted(NO_NATIVE_EFFECT))
def test_what_says_only_whose_request_it_is_and_how_it_is_sent_changes_nothing(field: str) -> None:
    said: dict[str, Any] = {field: b'"x"'}
    assert native_key(**said) == native_key()


def test_where_only_the_vendor_s_bytes_are_an_answer_a_stream_and_a_whole_one_are_two() -> None:
    assert native_key(streamed=True) == native_key()
    assert native_key(streamed=True, verbatim=True) != native_key(verbatim=True)
