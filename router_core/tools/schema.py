"""Whether arguments fit a tool's schema, before the tool runs."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

__all__ = ["ArgumentCheck"]

MOST_CHARS: Final = 500
# What a schema says with regular expressions is not checked: one of them could hold up the process.
_UNCHECKED: Final = ("pattern", "patternProperties", "unevaluatedProperties", "unevaluatedItems")


class ArgumentCheck:
    """Holds arguments against a JSON schema (2020-12, or the draft that it names).

    All keywords count but those with regular expressions and ``format``; references lead nowhere outside the schema.
    Raises ``ValueError`` for what is no JSON schema.
    """

    __slots__ = ("_validator",)

    def __init__(self, schema: dict[str, Any]) -> None:
        self._validator = _validator(schema)

    def fault(self, args: dict[str, Any]) -> str | None:
        """Return what is wrong with ``args`` in words for the model, None when nothing is."""
        try:
            error = next(iter(self._validator.iter_errors(args)), None)
        except Exception:  # noqa: BLE001 - a reference that leads nowhere, or a schema without an end
            return "The tool's schema cannot be used"
        if error is None:
            return None
        where = ".".join(str(step) for step in error.absolute_path) or "the arguments"
        return f"{where}: {error.message}"[:MOST_CHARS]


def _validator(schema: dict[str, Any]) -> Any:
    import jsonschema  # heavy, and only needed where tools run
    from referencing import Registry

    chosen = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        chosen.check_schema(schema)
    except (jsonschema.SchemaError, RecursionError):
        raise ValueError("is no JSON schema") from None
    return _without_patterns(chosen)(schema, registry=Registry())


@cache
def _without_patterns(chosen: Any) -> Any:
    import jsonschema

    additional = chosen.VALIDATORS.get("additionalProperties")
    rules: dict[str, Any] = dict.fromkeys(_UNCHECKED, _anything)
    if additional is not None:
        rules["additionalProperties"] = _unless_patterns(additional)
    return jsonschema.validators.extend(chosen, rules)


def _anything(_validator: Any, _value: Any, _instance: Any, _schema: Any) -> Iterator[Any]:
    return iter(())


def _unless_patterns(additional: Callable[..., Any]) -> Callable[..., Any]:
    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if "patternProperties" not in schema:
            yield from additional(validator, value, instance, schema) or ()

    return check
