"""Values that fit a JSON schema, made from the prompt's words."""

import math
from typing import Any, Final

from simulator.prose import Prose

_MAX_DEPTH: Final = 8
_FORMATS: Final = {
    "date": "2026-03-14",
    "time": "09:30:00Z",
    "date-time": "2026-03-14T09:30:00Z",
    "duration": "PT30M",
    "email": "sam@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.10",
    "ipv6": "2001:db8::10",
    "uri": "https://example.com/item",
    "url": "https://example.com/item",
    "uuid": "3f2b8c1e-5d4a-4e6b-9a7c-0d1e2f3a4b5c",
}


class SchemaValues:
    """Makes one value after another for the schemas of one request."""

    __slots__ = ("_prose", "_root", "_variant")

    def __init__(self, root: dict[str, Any], prose: Prose, variant: int) -> None:
        self._root = root
        self._prose = prose
        self._variant = variant

    def make(self) -> Any:
        """Return a value for the whole schema."""
        return self._value(self._root, "", 0)

    def _value(self, schema: Any, name: str, depth: int) -> Any:
        if not isinstance(schema, dict):
            return self._prose.word()
        schema = self._resolved(schema)
        for fixed in ("const", "default"):
            if fixed in schema:
                return schema[fixed]
        if schema.get("enum"):
            return schema["enum"][self._next() % len(schema["enum"])]
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            return self._option(
                {key: schema[key] for key in schema if key not in {"anyOf", "oneOf"}}, options, name, depth
            )
        return self._typed(schema, _type_of(schema, depth), name, depth)

    def _typed(self, schema: dict[str, Any], kind: str, name: str, depth: int) -> Any:
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind in {"integer", "number"}:
            return self._number(schema, whole=kind == "integer")
        if kind == "boolean":
            return self._next() % 2 == 0
        return None if kind == "null" else self._string(schema, name)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        for _ in range(_MAX_DEPTH):
            reference = schema.get("$ref")
            if isinstance(reference, str):
                rest = {key: value for key, value in schema.items() if key != "$ref"}
                schema = self._target(reference) | rest
            elif isinstance(schema.get("allOf"), list):
                schema = self._merged(schema)
            else:
                return schema
        return {}

    def _merged(self, schema: dict[str, Any]) -> dict[str, Any]:
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            found = self._resolved(part)
            properties = merged.get("properties", {}) | found.get("properties", {})
            required = [*merged.get("required", []), *found.get("required", [])]
            merged |= found
            if properties:
                merged |= {"properties": properties, "required": required}
        return merged

    def _target(self, reference: str) -> dict[str, Any]:
        node: Any = self._root
        for step in reference.lstrip("#").strip("/").split("/"):
            if step and isinstance(node, dict):
                node = node.get(step.replace("~1", "/").replace("~0", "~"), {})
        return node if isinstance(node, dict) else {}

    def _option(self, rest: dict[str, Any], options: list[Any], name: str, depth: int) -> Any:
        resolved = [self._resolved(option) for option in options if isinstance(option, dict)]
        usable = [option for option in resolved if option.get("type") != "null"]
        if not usable or (depth >= _MAX_DEPTH // 2 and len(usable) < len(resolved)):
            return None
        return self._value(rest | usable[0], name, depth)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = schema.get("required") or []
        names = [key for key in properties if key in required or depth < _MAX_DEPTH // 2]
        if depth >= _MAX_DEPTH:
            names = []
        return {key: self._value(properties[key], key, depth + 1) for key in names}

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        least = int(schema.get("minItems", 0))
        most = int(schema.get("maxItems", max(least, 3)))
        wanted = least if depth >= _MAX_DEPTH // 2 else min(max(least, 2 + self._next() % 2), most)
        fixed = schema.get("prefixItems") or []
        items = schema.get("items", {})
        return [self._value(fixed[i] if i < len(fixed) else items, name, depth + 1) for i in range(wanted)]

    def _number(self, schema: dict[str, Any], whole: bool) -> int | float:
        low, high = _bounds(schema, whole)
        step = schema.get("multipleOf") or (1 if whole else 0.5)
        first = math.ceil(low / step)
        span = max(1, math.floor(high / step) - first + 1)
        value = (first + self._next() % span) * step
        return int(value) if whole else round(float(value), 6)

    def _string(self, schema: dict[str, Any], name: str) -> str:
        text = _FORMATS.get(schema.get("format", "")) or self._words(schema, name)
        least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
        while len(text) < least:
            text += f" {self._prose.word()}"
        return text if most is None else text[: int(most)]

    def _words(self, schema: dict[str, Any], name: str) -> str:
        label = f"{name} {schema.get('description', '')} {schema.get('title', '')}".lower()
        if any(hint in label for hint in ("summary", "explanation", "reason", "bio", "text", "description", "answer")):
            return self._prose.sentence()
        return self._prose.word().capitalize()

    def _next(self) -> int:
        self._variant = (self._variant * 1_103_515_245 + 12_345) % 2_147_483_648
        return self._variant >> 8


def _type_of(schema: dict[str, Any], depth: int) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        real = [one for one in kind if one != "null"]
        nullable = len(real) < len(kind)
        return "null" if not real or (nullable and depth >= _MAX_DEPTH // 2) else str(real[0])
    if isinstance(kind, str):
        return kind
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "string"


def _bounds(schema: dict[str, Any], whole: bool) -> tuple[float, float]:
    edge = 1 if whole else 0.001
    low = schema.get("minimum")
    if "exclusiveMinimum" in schema:
        low = schema["exclusiveMinimum"] + edge
    high = schema.get("maximum")
    if "exclusiveMaximum" in schema:
        high = schema["exclusiveMaximum"] - edge
    if low is None:
        low = 1 if high is None or high >= 1 else high - 10
    return low, low + 99 if high is None else high
