"""Readable answer text that depends on the prompt and on nothing else, of an exact length in tokens."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Final

from simulator.tokens import split_pieces

_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_LEADING_CHARACTERS: Final = 600
_STOP_WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        "about after also answer back because been before being between both could does each even ever every explain "
        "from give have here into just kind know like list make many more most much must need only other over please "
        "really same shall should some such tell than that them then there these they this those very want well were "
        "what when where which while whom whose will with would write your yours describe following using",
    )
)
_CODE_HINTS: Final = frozenset({"code", "function", "python", "script", "program", "implement", "javascript", "class"})
_OPENINGS: Final = (
    "In short, {a} comes down to how {b} is used in practice.",
    "The useful way to look at {a} is to start from {b}.",
    "There are two sides to {a}, and {b} sits between them.",
    "A good first answer on {a} is simpler than it looks.",
)
_SENTENCES: Final = (
    "Most of the effort goes into {a}, since small changes there are felt everywhere else.",
    "Start with a rough version, measure it, and only then decide whether {b} deserves more work.",
    "People often confuse {a} with {b}, although the two answer different questions.",
    "It helps to write down the assumptions first, because {b} tends to hide them.",
    "When the volume grows, {a} is usually the first part to show strain.",
    "A short checklist keeps {b} honest and saves a long discussion later.",
    "The cost of {a} is rarely the visible part; the follow-up is.",
    "If two options look equal, prefer the one that makes {b} easier to undo.",
    "In a typical week this comes up three or four times, mostly around {a}.",
    "Keep the boundary between {a} and {b} explicit, and name who owns each side.",
    "Numbers matter here: a single baseline for {a} is worth more than ten opinions.",
    "Once that is settled, {b} follows almost by itself.",
    "Nothing about {a} is urgent, which is exactly why it should be planned.",
    "The exception is the first run, where {b} has no history to lean on.",
    "Review it again after a month, with fresh eyes and the figures for {a} at hand.",
)
_ITEMS: Final = (
    "**{A}**: set a clear baseline before changing anything.",
    "**{B}**: keep it small enough to explain in one sentence.",
    "**Timing**: review {a} weekly while it is new, monthly afterwards.",
    "**Ownership**: one name per decision, also for {b}.",
    "**Limits**: agree in advance what would make {a} stop.",
    "**Evidence**: note where each figure about {b} came from.",
    "**Next step**: try the plan on one case and compare.",
)
_CODE: Final = (
    "```python\ndef {slug}(items: list[str]) -> dict[str, int]:\n"
    '    """Count {a} by {b}."""\n    counts: dict[str, int] = {{}}\n    for item in items:\n'
    "        counts[item] = counts.get(item, 0) + 1\n    return counts\n```"
)


class Prose:
    """One answer's text, written from a prompt's own words and a number that varies it."""

    __slots__ = ("_quote", "_topics", "_turn", "_variant")

    def __init__(self, prompt: str, variant: int) -> None:
        head = prompt[:_LEADING_CHARACTERS]
        seen = dict.fromkeys(word.lower() for word in _WORD.findall(head))
        self._topics = [word for word in seen if word not in _STOP_WORDS][:16] or ["the question", "its context"]
        self._quote = " ".join(head.split()[:8])
        self._variant = variant
        self._turn = variant % 97

    def pieces(self, tokens: int, subject: str = "", exact: bool = True) -> list[str]:
        """Return ``tokens`` pieces (at least one; a few less unless ``exact``), ending as a sentence does."""
        pieces: list[str] = split_pieces(self._lead(subject))
        block = self._blocks()
        while len(pieces) < tokens:
            pieces += split_pieces(next(block))
        del pieces[tokens:]
        ends = [index for index, piece in enumerate(pieces) if piece == "."]
        if not exact and ends and ends[-1] >= tokens // 2:
            del pieces[ends[-1] + 1 :]
        elif tokens > 1:
            pieces[-1] = "."
        return pieces

    def sentence(self) -> str:
        """Return one sentence, another one each time."""
        return self._fill(_SENTENCES)

    def word(self) -> str:
        """Return one of the prompt's own words, another one each time."""
        self._turn += 1
        topic: str = self._topics[self._turn % len(self._topics)]
        return topic

    def _lead(self, subject: str) -> str:
        if subject:
            return subject
        opening = self._fill(_OPENINGS)
        return f"You asked: “{self._quote}”. {opening}" if self._quote else opening

    def _blocks(self) -> Iterator[str]:
        hinted = not _CODE_HINTS.isdisjoint(self._topics)
        layout = "code" if hinted else ("text", "text", "bullets", "steps", "text")[self._variant % 5]
        for step in count(1):
            if layout == "code" and step == 1:
                yield f"\n\n{self._code()}\n\n"
            elif layout in {"bullets", "steps"} and 2 <= step <= 6:
                mark = "-" if layout == "bullets" else f"{step - 1}."
                yield ("\n\n" if step == 2 else "\n") + f"{mark} {self._fill(_ITEMS)}"
            else:
                yield ("\n\n" if step % 4 == 3 else " ") + self.sentence()

    def _fill(self, templates: tuple[str, ...]) -> str:
        self._turn += 1
        topics, turn = self._topics, self._turn
        a = topics[turn % len(topics)]
        b = topics[(turn * 3 + 1) % len(topics)]
        if b == a:
            b = "the context around it"
        return templates[(turn * 8 + self._variant) % len(templates)].format(a=a, b=b, A=a.capitalize(), B=b.title())

    def _code(self) -> str:
        slug = re.sub(r"\W+", "_", "_".join(self._topics[:2])).strip("_") or "count_items"
        return _CODE.format(slug=slug, a=self._topics[0], b=self._topics[-1])
