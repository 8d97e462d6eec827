"""What makes two questions the same: the digest under which an answer is kept, and everything that goes into it.

The digest covers the account that pays, as authentication found it; the use case; how often that part of the cache was
purged; every field of the request that can change the answer, a vendor's own
fields too; and the rows of the configuration that may
serve it. Their order is left out, and so is whether one of them is resting or full just now: an order that changes with
the weather, or an outage, must not hide answers that are there. What a model says is never served for another: a model
that is asked for by name is in the request, and otherwise all models that may answer are in the rows.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct, structs

from router_core.types import CacheMarks, Plan, ProviderConfig, Question, RelayedRequest

__all__ = ["NO_EFFECT", "NO_NATIVE_EFFECT", "AnswerKey", "answer_key", "in_part", "rows_that_may_serve"]

_FORMAT: Final = "signalbox answer 2"
_ENCODE: Final = msgspec.json.Encoder().encode
# What a request says beside what it asks. The account and the use case are covered as what they turned out to be.
NO_EFFECT: Final[dict[str, Any]] = {
    "account_id": None, "use_case": "general", "stream": False, "stream_protocol": "ui", "cache": None,
    "explain": False, "metadata": {},
}  # fmt: skip
# The same of what a request says in a vendor's own protocol.
NO_NATIVE_EFFECT: Final = frozenset(
    {"metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier", "stream_options",
     "user"}
)  # fmt: skip
# Why a row that fits cannot be used at the moment: that passes.
_PASSING: Final = frozenset({"breaker_open", "resting", "saturated", "limited"})
_TAG_CHARS: Final = 16


class AnswerKey(Struct, frozen=True):
    """``digest`` is the identity; ``name`` is the key in a store: tags of account and use case, by which a purge finds
    what to remove, and the digest.
    """

    digest: bytes
    name: str
    account: str


def answer_key(question: Question, marks: CacheMarks) -> AnswerKey | None:
    """Return the key of ``question``, None for one that cannot be kept: nothing may serve it, or it is no JSON."""
    rows = sorted({_row(each) for each in rows_that_may_serve(question.plan)})
    if not rows:
        return None
    account, use_case = _scope(question.account_id), question.use_case
    try:
        facts = _ENCODE((_FORMAT, account, use_case, _marks(marks, question), rows, *_asked(question)))
    except (TypeError, ValueError, RecursionError):
        return None
    digest = sha256(facts).digest()
    return AnswerKey(digest, f"{_tag(account)}:{_tag(use_case)}:{digest.hex()}", account)


def _asked(question: Question) -> tuple[Any, ...]:
    """Return what is asked, and in which form where an answer in one form says less than it does in the other."""
    asked = structs.replace(question.request, **NO_EFFECT)
    if not isinstance(asked, RelayedRequest):
        return (asked,)
    native = asked.native
    telling = {name: native.fields[name] for name in sorted(native.fields.keys() - NO_NATIVE_EFFECT)}
    asked = structs.replace(asked, native=structs.replace(native, fields=telling, tier=""))
    return (asked, question.streamed) if native.verbatim else (asked,)


def rows_that_may_serve(plan: Plan) -> Iterable[ProviderConfig]:
    """Return the rows of ``plan`` that fit the request, resting or full ones too."""
    yield from (each.provider for each in plan.candidates)
    yield from (each.provider for each in plan.dropped if each.code in _PASSING)


def in_part(account_id: str | None, use_case: str | None) -> tuple[str | None, str | None]:
    """Return the tags that the names of entries of an account and a use case bear, None for any."""
    return (None if account_id is None else _tag(_scope(account_id)), None if use_case is None else _tag(use_case))


def _row(row: ProviderConfig) -> tuple[str, ...]:
    can = row.capabilities
    return (
        row.id, row.account_id or "", row.kind, row.model, row.base_url or "", str(row.max_tokens),
        f"{can.vision:d}{can.tools:d}{can.json_schema:d} {can.max_temperature}",
    )  # fmt: skip


def _marks(marks: CacheMarks, question: Question) -> tuple[int, int, int, int]:
    account, use_case = question.account_id or "", question.use_case
    return (
        marks.get(("", ""), 0), marks.get((account, ""), 0) if account else 0, marks.get(("", use_case), 0),
        marks.get((account, use_case), 0) if account else 0,
    )  # fmt: skip


def _scope(account_id: str | None) -> str:
    return "nobody" if account_id is None else f"account {account_id}"


def _tag(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:_TAG_CHARS]
