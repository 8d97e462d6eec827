"""Which tools a request is offered, and which of them run here."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import structs

from router_core.errors import ValidationError
from router_core.ports import RunnableTool
from router_core.tools.checking import MAX_TOOLS, check_choice
from router_core.types import LLMRequest, ToolFormat

__all__ = ["Offer", "offered"]

_BY_NAME = ToolFormat()


class Offer(NamedTuple):
    """The request with all its tools, and by name those that run here when a model calls them."""

    request: LLMRequest
    runnable: Mapping[str, RunnableTool]


def offered(request: LLMRequest, registered: Mapping[str, RunnableTool], given: Mapping[str, RunnableTool]) -> Offer:
    """Return what ``request`` is offered of the tools that are ``registered``, and ``given`` with it.

    A tool that the request only names, or describes as it is registered, is the registered one; one that it describes
    otherwise is the caller's own. A request for several steps that says nothing about tools is offered all. Tools run
    only in requests for several steps, and those requests go by the cache. Raises :class:`ValidationError`.
    """
    runnable: dict[str, RunnableTool] = {}
    if request.tools is None:
        if len(registered) > MAX_TOOLS:
            raise ValidationError(f"name those to offer: there are more than {MAX_TOOLS}", field="tools")
        runnable.update({} if request.max_steps == 1 or request.tool_choice == "none" else registered)
        tools = {name: tool.format for name, tool in runnable.items()}
    else:
        tools = dict(request.tools)
        for name, tool in request.tools.items():
            known = given.get(name) or registered.get(name)
            if known is not None and (name in given or tool in (_BY_NAME, known.format)):
                tools[name], runnable[name] = known.format, known
    if not tools and request.tools is None:
        check_choice(request)
        return Offer(request, {})
    whole = structs.replace(request, tools=tools)
    check_choice(whole)
    if request.max_steps == 1 or request.tool_choice == "none" or not runnable:
        return Offer(whole, {})
    return Offer(structs.replace(whole, cache=False), runnable)
