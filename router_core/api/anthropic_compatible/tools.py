"""The tools of a request: those that the client runs, and those that the vendor knows or runs itself."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from router_core.errors import ValidationError
from router_core.tools.formats import choice_from_anthropic, from_anthropic
from router_core.types import ToolChoice, ToolFormat

__all__ = ["OfferedTools", "read_choice"]

JSON_BYTES_PER_TOKEN: Final = 3
# What the vendor's own description of a tool of its own takes.
TOKENS_PER_OWN_TOOL: Final = 1_000
LONGEST_NAME: Final = 64
_LONG_NAME: Final = re.compile(r"[A-Za-z0-9_-]{65,128}")
# Run by the client, or by the vendor for nothing but tokens.
_FREE: Final = ("bash_", "text_editor_", "computer_", "browser_toolset_", "memory_", "tool_search_tool_")
_FETCH: Final = "web_fetch_"
_REFUSED: Final[Mapping[str, str]] = {
    "web_search_": "web searches have no price here",
    "code_execution_": "would keep state at the vendor, and has no price here",
    "advisor_": "has no price here",
    "mcp_toolset": "would have the vendor reach hosts that nobody here can see",
}


class OfferedTools:
    """Reads tools: ``formats`` are those in our terms, ``needs`` and ``unseen_tokens`` what is beyond them.

    Raises :class:`ValidationError` for a tool that cannot be charged rightly or kept in bounds.
    """

    __slots__ = ("formats", "needs", "unseen_tokens")

    def __init__(self, tools: list[dict[str, Any]]) -> None:
        self.needs: list[str] = []
        self.unseen_tokens = 0
        self.formats: dict[str, ToolFormat] = {}
        for place, tool in enumerate(tools):
            where = f"tools[{place}]"
            if not self._is_the_vendors(tool, where):
                self._offer(tool, where)

    def _offer(self, tool: dict[str, Any], where: str) -> None:
        try:
            made = from_anthropic([tool], "")
        except ValidationError as error:
            raise ValidationError(error.message, field=f"{where}{(error.field or '').removeprefix('[0]')}") from None
        if made.keys() & self.formats.keys():
            raise ValidationError("names a tool that is there already", field=f"{where}.name")
        self.formats |= made

    def _is_the_vendors(self, tool: dict[str, Any], where: str) -> bool:
        """Say whether ``tool`` is one that only this protocol knows, and note what that means."""
        kind = tool.get("type", "custom")
        if kind in ("custom", None):
            return self._is_only_here(tool)
        if not isinstance(kind, str):
            raise ValidationError("must be text", field=f"{where}.type")
        reason = next((told for prefix, told in _REFUSED.items() if kind.startswith(prefix)), None)
        if reason is not None:
            raise ValidationError(reason, field=f"{where}.type")
        if kind.startswith(_FETCH):
            self.unseen_tokens += _fetched(tool, where)
        elif not kind.startswith(_FREE):
            raise ValidationError("is no tool whose cost is known here", field=f"{where}.type")
        self._note("tools that the vendor knows", tool)
        self.unseen_tokens += TOKENS_PER_OWN_TOOL
        return True

    def _is_only_here(self, tool: dict[str, Any]) -> bool:
        name = tool.get("name")
        if isinstance(name, str) and _LONG_NAME.fullmatch(name):
            self._note(f"names of tools with more than {LONGEST_NAME} characters", tool)
            return True
        if tool.get("defer_loading"):
            self.needs.append("tools that are loaded when they are needed")
        return False

    def _note(self, need: str, tool: dict[str, Any]) -> None:
        self.needs.append(need)
        self.unseen_tokens += len(msgspec.json.encode(tool)) // JSON_BYTES_PER_TOKEN


def _fetched(tool: Mapping[str, Any], where: str) -> int:
    """Return the most tokens that the vendor's fetching of pages adds; without a bound nothing could be held for it."""
    uses, size = tool.get("max_uses"), tool.get("max_content_tokens")
    if not isinstance(uses, int) or uses < 1:
        raise ValidationError("is needed, to know what the tool costs at most", field=f"{where}.max_uses")
    if not isinstance(size, int) or size < 1:
        raise ValidationError("is needed, to know what the tool costs at most", field=f"{where}.max_content_tokens")
    return uses * size


def read_choice(choice: dict[str, Any] | None) -> tuple[ToolChoice | None, bool]:
    """Return how tools are to be used, and whether several at once may be. Raises :class:`ValidationError`."""
    if choice is None:
        return None, True
    single = choice.get("disable_parallel_tool_use", False)
    if not isinstance(single, bool | None):
        raise ValidationError("must be true or false", field="tool_choice.disable_parallel_tool_use")
    return choice_from_anthropic(choice), not single
