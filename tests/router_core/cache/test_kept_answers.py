"""Answers as they are kept: what is fit, how it is sealed, how it is played again."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.cache.answer_key import AnswerKey
from router_core.cache.entries import PART_CHARS, Gathering, KeptAnswer, decode_answer, encode_answer, replayed
from router_core.cache.sealing import AnswerSeal, BrokenSealError
from router_core.types import (
    AnswerEnd,
    FinishReason,
    ProviderAnswer,
    ReasoningDelta,
    ReasoningPart,
    Served,
    TextDelta,
    ToolCall,
    ToolCallEnd,
    Usage,
)

USAGE = Usage(input_tokens=3, cache_read_tokens=2, output_tokens=5, reasoning_tokens=1)
CALL = ToolCall(tool_call_id="c1", tool_name="look", args={"at": ["π", 1, None]})
WHO = Served("miss", "openai", "gpt-4o")
KEPT = KeptAnswer(
    text="one two", finish_reason="tool-calls", usage=USAGE, provider="openai", model="gpt-4o", answered_as="gpt-4o-1",
    kept_at=7.0, reasoning=(ReasoningPart(text="hm", signature="seal"),), tool_calls=(CALL,),
)  # fmt: skip
END = AnswerEnd(finish_reason="tool-calls", usage=USAGE, model="gpt-4o-1")
KEY = AnswerKey(b"d" * 32, "name", "account acme")


def gathered(*parts: object) -> Gathering:
    found = Gathering()
    for part in parts:
        found.add(part)  # type: ignore[arg-type]
    return found


def test_a_stream_and_a_whole_answer_are_kept_as_the_same() -> None:
    stream = gathered(
        ReasoningDelta("h"),
        ReasoningDelta("m"),
        ReasoningDelta(signature="seal"),
        TextDelta("one "),
        TextDelta("two"),
        ToolCallEnd(CALL),
        END,
    )
    whole = gathered(
        ProviderAnswer(
            text="one two",
            finish_reason="tool-calls",
            usage=USAGE,
            model="gpt-4o-1",
            tool_calls=(CALL,),
            reasoning=(ReasoningPart(text="hm", signature="seal"),),
        )
    )
    assert stream.fit(WHO, 7.0) == whole.fit(WHO, 7.0) == KEPT
    assert decode_answer(encode_answer(KEPT)) == KEPT


@pytest.mark.parametrize("finish", ["length", "content-filter", "error", "other"])
def test_what_was_cut_or_refused_is_not_kept(finish: FinishReason) -> None:
    assert gathered(TextDelta("one"), AnswerEnd(finish_reason=finish, usage=USAGE, model="m")).fit(WHO, 0) is None


def test_what_has_no_end_or_came_from_several_is_not_kept() -> None:
    assert gathered(TextDelta("one")).fit(WHO, 0) is None
    assert gathered(TextDelta("one"), END).fit(None, 0) is None


def test_a_replay_is_the_answer_again() -> None:
    assert gathered(*replayed(KEPT, streamed=True)).fit(WHO, 7.0) == KEPT
    assert gathered(*replayed(KEPT, streamed=False)).fit(WHO, 7.0) == KEPT


@given(text=st.text(alphabet="ab \nπ", max_size=2_000))
def test_a_replayed_text_comes_in_parts_that_cut_no_short_word(text: str) -> None:
    kept = msgspec.structs.replace(KEPT, text=text, reasoning=(), tool_calls=())
    pieces = [part.text for part in replayed(kept, streamed=True) if isinstance(part, TextDelta)]
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= PART_CHARS for piece in pieces)
    assert all(piece[-1].isspace() or len(piece) == PART_CHARS for piece in pieces[:-1])


def test_a_seal_opens_only_for_its_own_question_account_and_installation() -> None:
    seal = AnswerSeal(b"k" * 32)
    sealed = seal.close(b"secret words", KEY)
    assert b"secret" not in sealed
    assert seal.open(sealed, KEY) == b"secret words"
    assert seal.close(b"secret words", KEY) != sealed
    others = (
        (seal, msgspec.structs.replace(KEY, digest=b"e" * 32)),
        (seal, msgspec.structs.replace(KEY, account="account rival")),
        (AnswerSeal(b"l" * 32), KEY),
    )
    for other, key in others:
        with pytest.raises(BrokenSealError):
            other.open(sealed, key)


@given(place=st.integers(min_value=0, max_value=10_000), bit=st.integers(min_value=0, max_value=7))
def test_any_change_breaks_the_seal(place: int, bit: int) -> None:
    seal = AnswerSeal(b"k" * 32)
    sealed = bytearray(seal.close(b"secret words", KEY))
    sealed[place % len(sealed)] ^= 1 << bit
    with pytest.raises(BrokenSealError):
        seal.open(bytes(sealed), KEY)


@given(text=st.binary(max_size=60))
def test_what_was_never_sealed_is_refused(text: bytes) -> None:
    with pytest.raises(BrokenSealError):
        AnswerSeal(b"k" * 32).open(text, KEY)
