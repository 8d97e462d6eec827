"""The forms in which paths are described."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["Schema", "Shapes", "json_content", "period_query", "query", "with_path_parameters"]

Schema = Mapping[str, Any]

_OBJECT: Schema = {"type": "object", "additionalProperties": True}
_WHOLE: Schema = {"type": "integer", "minimum": 1}
# What every provider has; what else it may have is in the configuration's document. One that is tested may be unnamed.
_ENTRY: Schema = {
    **_OBJECT,
    "required": ["name", "kind", "model", "useCases", "maxTokens", "contextWindow"],
    "properties": {
        "name": {"type": "string"},
        "kind": {"type": "string", "enum": ["openai", "anthropic"]},
        "model": {"type": "string"},
        "useCases": {"type": "array", "items": {"type": "string"}},
        "maxTokens": {"type": "integer"},
        "contextWindow": {"type": "integer"},
    },
}
_VERSIONED: Schema = {
    **_OBJECT, "required": [*_ENTRY["required"], "version"], "properties": {**_ENTRY["properties"], "version": _WHOLE},
}  # fmt: skip


class Shapes:
    """Describes actions; ``schema`` refers to a type, ``errors`` are the answers that say what was wrong."""

    def __init__(self, schema: Callable[[type], Schema], errors: Mapping[str, Any]) -> None:
        self._schema = schema
        self._errors = errors

    def act(
        self,
        summary: str,
        answer: type,
        body: type | None = None,
        query: Iterable[Schema] = (),
        status: str = "200",
    ) -> dict[str, Any]:
        """Return an action that answers with a document, and takes one where ``body`` is given."""
        made = {
            "summary": summary,
            "parameters": list(query),
            "responses": {status: {"description": "Success", "content": self._json(answer)}, **self._errors},
        }
        return made if body is None else {**made, "requestBody": {"required": True, "content": self._json(body)}}

    def entry(
        self, summary: str, answer: type | None, status: str = "200", *, is_change: bool = False
    ) -> dict[str, Any]:
        """Return an action on an object whose fields are those of a provider in the configuration's document.

        It takes one, and answers with ``answer``; None for an action that takes nothing and answers with one.
        """
        content = json_content(_VERSIONED if is_change else _ENTRY)
        given = json_content(_OBJECT) if answer is None else self._json(answer)
        made = {
            "summary": summary,
            "parameters": [],
            "responses": {status: {"description": "Success", "content": given}, **self._errors},
        }
        return made if answer is None else {**made, "requestBody": {"required": True, "content": content}}

    def file(self, summary: str, kinds: Iterable[str], what: str, query: Iterable[Schema] = ()) -> dict[str, Any]:
        """Return an action that answers with a file of one of the content types ``kinds``."""
        content = {each: {"schema": {"type": "string"}} for each in kinds}
        return {
            "summary": summary,
            "parameters": list(query),
            "responses": {"200": {"description": what, "content": content}, **self._errors},
        }

    def _json(self, kind: type) -> dict[str, Any]:
        return json_content(self._schema(kind))


def with_path_parameters(path: str, actions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return ``actions`` with the parameters that the path itself has."""
    names = [piece[1:-1] for piece in path.split("/") if piece.startswith("{")]
    own = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    return {method: {**action, "parameters": [*own, *action["parameters"]]} for method, action in actions.items()}


def period_query() -> list[dict[str, Any]]:
    """Return the parameters that name a period; an empty one is as good as none."""
    moment = {"type": "string", "anyOf": [{"format": "date-time"}, {"maxLength": 0}]}
    return [query(name, moment) for name in ("from", "to")]


def query(name: str, schema: Schema) -> dict[str, Any]:
    """Return a parameter of the query string, which may be left out."""
    return {"name": name, "in": "query", "required": False, "schema": dict(schema)}


def json_content(schema: Schema) -> dict[str, Any]:
    """Return content that is JSON."""
    return {"application/json": {"schema": dict(schema)}}
