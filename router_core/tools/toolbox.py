"""The tools that run here, by name."""

from collections.abc import Mapping

from router_core.errors import ValidationError
from router_core.ports import RunnableTool, ToolSource
from router_core.tools.checking import check_tools
from router_core.tools.python_tool import PythonTool, ToolCallable
from router_core.tools.threads import ToolThreads
from router_core.types import ToolFormat

__all__ = ["Toolbox"]


class Toolbox:
    """Implements ``ToolSource`` with Python callables, for whoever asks, in front of the tools from ``elsewhere``."""

    __slots__ = ("_elsewhere", "_threads", "_tools")

    def __init__(self, elsewhere: ToolSource | None = None) -> None:
        self._elsewhere = elsewhere
        self._threads = ToolThreads()
        self._tools: dict[str, RunnableTool] = {}

    def register(self, name: str, tool: ToolFormat, function: ToolCallable, timeout: float | None = None) -> None:
        """Have ``function`` run for calls of the tool ``name``, for ``timeout`` seconds at most.

        Raises :class:`ValidationError` for a tool that no vendor takes, ``ValueError`` for a name that is taken, a
        schema that is none and a timeout that is no time.
        """
        check_tools({name: tool})
        if name in self._tools:
            raise ValueError(f"a tool called {name} is registered already")
        if timeout is not None and not timeout > 0:
            raise ValueError("a timeout is above 0 seconds")
        self._tools[name] = PythonTool(tool, function, self._threads, timeout)

    def unregister(self, name: str) -> bool:
        """Forget the tool ``name``; return whether there was one."""
        return self._tools.pop(name, None) is not None

    def given(self, tools: Mapping[str, ToolFormat], functions: Mapping[str, ToolCallable]) -> dict[str, RunnableTool]:
        """Return ``functions`` as tools of one request, in the formats that it gives them.

        Raises :class:`ValidationError` for one that is none of its ``tools``, and a schema that is none.
        """
        found: dict[str, RunnableTool] = {}
        for name, function in functions.items():
            if name not in tools:
                raise ValidationError("a function has the name of no tool", field="tools")
            try:
                found[name] = PythonTool(tools[name], function, self._threads)
            except ValueError as error:
                raise ValidationError(str(error), field=f"tools.{name}.parameters") from None
        return found

    def tools(self, account_id: str | None, use_case: str) -> Mapping[str, RunnableTool]:
        """Return every tool that is registered, and those from elsewhere that the account and the use case have."""
        if self._elsewhere is None:
            return self._tools
        return {**self._elsewhere.tools(account_id, use_case), **self._tools}
