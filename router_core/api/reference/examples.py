"""Examples: a value for a schema, and a command that sends it."""

import json
from collections.abc import Mapping
from typing import Any, Final

from router_core.api.reference.schemas import reference_name

__all__ = ["curl", "example_of"]

_TEXTS: Final[Mapping[str, str]] = {"date-time": "2026-01-01T00:00:00Z", "date": "2026-01-01", "byte": "AA=="}
_MOST_DEPTH: Final = 6


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> Any:
    """Return a value that fits ``schema``: the one that it names, else the smallest; objects have what they need."""
    if "$ref" in schema:
        return example_of(schemas[reference_name(schema["$ref"])], schemas, depth)
    for name in ("examples", "enum"):
        if name in schema:
            return schema[name][0]
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if "anyOf" in schema and "type" not in schema:
        return example_of(schema["anyOf"][0], schemas, depth)
    return _of_type(schema, schemas, depth)


def curl(method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """Return the command that makes the call, with what it must have and nothing else."""
    parameters = operation.get("parameters", ())
    asked = [f"{each['name']}={_upper(each['name'])}" for each in parameters if _is_needed_query(each)]
    address = "/".join(_upper(piece[1:-1]) if piece.startswith("{") else piece for piece in path.split("/"))
    query = f"?{'&'.join(asked)}" if asked else ""
    lines = [f'curl{_method(method)} "$SIGNALBOX_URL{address}{query}"']
    if operation.get("security") != []:
        lines.append('-H "Authorization: Bearer $SIGNALBOX_API_KEY"')
    lines += _body(operation, schemas)
    return " \\\n  ".join(lines)


def _body(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[str]:
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return []
    kind, media = next(iter(content.items()))
    if kind != "application/json":
        return [f'-H "Content-Type: {kind}"', "--data-binary @FILE"]
    written = json.dumps(example_of(media["schema"], schemas), ensure_ascii=False).replace("'", "'\\''")
    return ['-H "Content-Type: application/json"', f"-d '{written}'"]


def _method(method: str) -> str:
    return "" if method == "get" else f" -X {method.upper()}"


def _is_needed_query(parameter: Mapping[str, Any]) -> bool:
    return bool(parameter["in"] == "query" and parameter.get("required"))


def _upper(name: str) -> str:
    return name.upper()


def _of_type(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> Any:
    match schema.get("type"):
        case "object" if depth < _MOST_DEPTH:
            needed, fields = schema.get("required", ()), schema.get("properties", {})
            return {name: example_of(fields.get(name, {}), schemas, depth + 1) for name in needed}
        case "array":
            return [example_of(schema.get("items", {}), schemas, depth + 1)] if schema.get("minItems") else []
        case "string":
            return _text(schema)
        case "integer" | "number":
            return min(max(schema.get("minimum", 1), 1), schema.get("maximum", 1))
        case other:
            return {"boolean": True, "null": None}.get(str(other), {})


def _text(schema: Mapping[str, Any]) -> str:
    text = _TEXTS.get(schema.get("format", ""), "text")
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", len(text) + 64)]
