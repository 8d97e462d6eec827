"""Python callables as tools."""

import inspect
from collections.abc import Callable
from typing import Any

from router_core.tools.schema import ArgumentCheck
from router_core.tools.threads import ToolThreads
from router_core.types import ToolFormat

__all__ = ["PythonTool", "ToolCallable"]

ToolCallable = Callable[..., Any]
"""Takes a tool's arguments by name, or all of them as one dictionary; plain or async."""


class PythonTool:
    """Implements ``RunnableTool``: an async callable runs on the event loop, any other in a thread.

    A callable with a single parameter whose name is none of the tool's arguments gets them as one dictionary, any other
    gets them by name. ``timeout`` is in seconds, None for the router's own. Raises ``ValueError`` for a schema that is
    none.
    """

    __slots__ = ("_check", "_function", "_is_async", "_takes_one", "_threads", "format", "timeout")

    def __init__(
        self, tool: ToolFormat, function: ToolCallable, threads: ToolThreads, timeout: float | None = None
    ) -> None:
        self.format = tool
        self.timeout = timeout
        self._check = ArgumentCheck(tool.parameters)
        self._function = function
        self._threads = threads
        self._is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)  # noqa: B004 - an object with an async method of that name
        )
        self._takes_one = _takes_one(function, tool)

    def fault(self, args: dict[str, Any]) -> str | None:
        """Return why the tool does not take ``args``, None when it does."""
        return self._check.fault(args)

    async def run(self, args: dict[str, Any]) -> Any:
        """Return what the callable returns. Raises what it raises."""
        if self._is_async:
            return await self._called(args)
        result = await self._threads.run(lambda: self._called(args))
        return await result if inspect.isawaitable(result) else result

    def _called(self, args: dict[str, Any]) -> Any:
        return self._function(args) if self._takes_one else self._function(**args)


def _takes_one(function: ToolCallable, tool: ToolFormat) -> bool:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    if len(parameters) != 1 or parameters[0].kind not in (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    ):
        return False
    known = tool.parameters.get("properties")
    return not (isinstance(known, dict) and parameters[0].name in known)
