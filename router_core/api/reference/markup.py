"""HTML that cannot be broken by what is put into it."""

import re
from collections.abc import Iterable
from html import escape
from typing import Final

__all__ = ["Markup", "joined", "prose", "tag"]

_INLINE: Final = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")
_VOID: Final = frozenset({"meta", "input", "br"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | bool) -> Markup:
    """Return an element; children that are no :class:`Markup` are escaped. ``class_`` is ``class``, ``a_b`` ``a-b``."""
    given = "".join(
        f" {_attribute(key)}" if value is True else f' {_attribute(key)}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{joined(children)}</{name}>")


def joined(children: Iterable[str], between: str = "") -> Markup:
    """Return ``children`` one after the other."""
    return Markup(escape(between).join(each if isinstance(each, Markup) else escape(each) for each in children))


def prose(text: str) -> Markup:
    """Return Markdown as HTML, as far as descriptions use it: paragraphs, lists, code, bold."""
    return joined(_block(block) for block in re.split(r"\n\s*\n", text.strip()) if block)


def _block(block: str) -> Markup:
    lines = [line.strip() for line in block.splitlines()]
    if all(line.startswith("- ") for line in lines):
        return tag("ul", *(tag("li", _inline(line[2:])) for line in lines))
    return tag("p", _inline(" ".join(lines)))


def _inline(text: str) -> Markup:
    pieces: list[str] = []
    end = 0
    for found in _INLINE.finditer(text):
        pieces += [text[end : found.start()], tag("code", found[1]) if found[1] else tag("strong", found[2])]
        end = found.end()
    return joined([*pieces, text[end:]])


def _attribute(name: str) -> str:
    return name.rstrip("_").replace("_", "-")
