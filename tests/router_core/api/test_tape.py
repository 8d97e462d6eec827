"""What happens to an answer that is listened to when its client leaves at the last moment."""

import asyncio
import random
import zlib
from typing import Any

import pytest
from starlette.types import Message

from router_core.api.app import PATHS
from router_core.api.call import Call
from router_core.api.idempotency import MOST_KEPT_BYTES, Tape
from router_core.errors import RequestRefusedError
from router_core.idempotency.answers import Errand, IdempotentAnswers, KeptAnswer, Turn
from tests.support.answer_kinds import WatchedAnswers
from tests.support.core_fakes import service
from tests.support.fake_clock import FakeClock

ERRAND = Errand(service("acme"), "/api/llm", b"k", b"{}")
_FREE = {"/v1/messages/count_tokens", "/v1/models", "/v1/models/{model}"}
HEAD: Message = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]}


async def _never() -> Message:
    raise AssertionError("nobody asks")


async def _listening(send: Any) -> tuple[Tape, Call, IdempotentAnswers]:
    answers = IdempotentAnswers(WatchedAnswers(FakeClock()), b"s" * 32, 100.0)
    turn = await answers.begin(ERRAND)
    assert isinstance(turn, Turn)

    def nowhere() -> Any:
        raise AssertionError("nobody asks")

    call = Call({"type": "http", "headers": []}, _never, send, nowhere, "/api/llm")
    return Tape(call, turn), call, answers


def test_what_costs_money_is_served_once_for_a_key() -> None:
    asked = {path: action for path, actions in PATHS.items() for action in actions.values()
             if action.permission == "llm.call" and path not in _FREE}  # fmt: skip
    assert len(asked) >= 5
    assert [path for path, action in asked.items() if not action.once] == []


async def test_an_answer_is_kept_before_its_last_piece_goes_out_so_who_leaves_then_finds_it() -> None:
    stuck = asyncio.Event()

    async def send(message: Message) -> None:
        if not message.get("more_body", True):
            stuck.set()
            await asyncio.Event().wait()

    tape, _, answers = await _listening(send)
    await tape.send(HEAD)
    await tape.send({"type": "http.response.body", "body": b"one ", "more_body": True})
    last = asyncio.create_task(tape.send({"type": "http.response.body", "body": b"two", "more_body": False}))
    await stuck.wait()
    last.cancel()
    with pytest.raises(asyncio.CancelledError):
        await last
    await tape.close()
    kept = await answers.begin(ERRAND)
    assert isinstance(kept, KeptAnswer)
    assert (kept.status, kept.headers, kept.size) == (200, ((b"content-type", b"text/event-stream"),), 7)


@pytest.mark.parametrize("fails", [True, False])
async def test_an_answer_that_is_not_whole_or_broke_off_leaves_the_key_free(fails: bool) -> None:
    tape, call, answers = await _listening(_nobody)
    await tape.send(HEAD)
    await tape.send({"type": "http.response.body", "body": b"one ", "more_body": True})
    if fails:
        call.failure = RequestRefusedError("it broke", provider="p")
        await tape.send({"type": "http.response.body", "body": b"error", "more_body": False})
    await tape.close()
    assert isinstance(await answers.begin(ERRAND), Turn)


async def _nobody(message: Message) -> None:
    """Take whatever is sent."""


@pytest.mark.parametrize(("pieces", "kept"), [(3, True), (9, False)])
async def test_an_answer_that_is_too_large_leaves_the_key_free(pieces: int, kept: bool) -> None:
    piece = random.Random(1).randbytes(MOST_KEPT_BYTES // 8)
    tape, _, answers = await _listening(_nobody)
    await tape.send(HEAD)
    for _ in range(pieces):
        await tape.send({"type": "http.response.body", "body": piece, "more_body": True})
    await tape.send({"type": "http.response.body", "body": b"", "more_body": False})
    await tape.close()
    found = await answers.begin(ERRAND)
    assert isinstance(found, KeptAnswer) is kept
    if isinstance(found, KeptAnswer):
        assert zlib.decompress(found.body) == piece * pieces
