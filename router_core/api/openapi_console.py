"""The part of the description that consoles elsewhere use."""

from typing import Any, Final

from router_core.api.console import Visit
from router_core.api.deps import ConsoleGreeting
from router_core.api.openapi_shapes import Shapes, json_content
from router_core.types import Principal

__all__ = ["CONSOLE_TYPES", "console_paths"]

CONSOLE_TYPES: Final[tuple[type, ...]] = (ConsoleGreeting, Visit, Principal)


def console_paths(shapes: Shapes) -> dict[str, dict[str, Any]]:
    """Return the paths; what each call takes and gives is the console's own affair, of the same version."""
    body = {"requestBody": {"required": True, "content": json_content({"type": "object"})}}
    call = shapes.file("Make one of the console's calls", ["application/json"], "What the call gives")
    stream = shapes.file("Make a call that answers in parts", ["application/x-ndjson"], "A part a line, then null")
    greeting = shapes.act("Which console this API fits", ConsoleGreeting)
    return {
        "/api/console/hello": {"get": {**greeting, "security": []}},
        "/api/console/visit": {"post": shapes.act("Whose session it is", Principal, Visit)},
        "/api/console/calls/{call}": {"post": {**call, **body}},
        "/api/console/streams/{call}": {"post": {**stream, **body}},
    }
