"""Reads a value of any of our types field by field, so that every fault is found and named, not only the first."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Struct, structs

from router_core.types import Finding
from router_core.wording import camel, in_camel, in_plain_words

__all__ = ["FieldReader", "shown"]

S = TypeVar("S", bound=Struct)
_SHOWN: Final = re.compile(r"[^\x00-\x1f\x7f\[\]]{1,100}")
# How like a name has to be that is suggested in the place of an unknown one, from 0 to 1.
_NEAR: Final = 0.75
_FIELD: Final = re.compile(r"`?([a-z][a-z0-9_]*)`? (.+)", re.DOTALL)
_MISSING: Final = object()


class FieldReader:
    """Collects what is wrong in ``findings``; messages never quote a value."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def fault(self, path: str, message: str) -> None:
        """Note an error at ``path``."""
        self.findings.append(Finding(path=path, message=message))

    def struct(self, raw: Any, kind: type[S], path: str, *, without: frozenset[str] = frozenset()) -> S | None:
        """Return ``raw`` as a ``kind``, None when something is wrong with it.

        Fields in ``without`` are none of a document; those that are needed all the same are to be in ``raw``.
        """
        before = len(self.findings)
        found = self.mapping(raw, path)
        if found is None:
            return None
        fields = {camel(each.name): each for each in structs.fields(kind) if each.name not in without}
        self.refuse_unknown(found, fields, path)
        values = {
            each.name: self._field(found.get(name, _MISSING), each, _inside(path, name))
            for name, each in fields.items()
        }
        if len(self.findings) > before:
            return None
        try:
            return kind(**{name: value for name, value in values.items() if value is not _MISSING})
        except ValueError as error:
            self._refused(path, str(error), fields)
            return None

    def mapping(self, raw: Any, path: str) -> Mapping[str, Any] | None:
        """Return ``raw`` if it is an object."""
        if isinstance(raw, Mapping):
            return {str(name): value for name, value in raw.items()}
        self.fault(path, "must be an object")
        return None

    def refuse_unknown(self, raw: Mapping[str, Any], known: Iterable[str], path: str) -> None:
        """Note every name in ``raw`` that is not ``known``."""
        names = list(known)
        for name in raw:
            if name not in names:
                near = get_close_matches(name, names, n=1, cutoff=_NEAR)
                hint = f"; did you mean {near[0]}?" if near else ""
                self.fault(_inside(path, shown(name)), f"unknown field{hint}")

    def value(self, raw: Any, kind: Any, path: str) -> Any:
        """Return ``raw`` as a ``kind``, which may be any type; None when it is none."""
        options = [each for each in get_args(kind) if each is not type(None)]
        if get_origin(kind) in (Union, UnionType) and len(options) == 1:
            return None if raw is None else self.value(raw, options[0], path)
        if isinstance(kind, type) and issubclass(kind, Struct):
            return self.struct(raw, kind, path)
        if get_origin(kind) is dict and isinstance(raw, Mapping):
            return {str(name): self.value(each, get_args(kind)[1], _at(path, name)) for name, each in raw.items()}
        try:
            return msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            self.fault(path, _reason(str(error), kind))
            return None

    def _field(self, raw: Any, field: structs.FieldInfo, path: str) -> Any:
        if raw is not _MISSING:
            return self.value(raw, field.type, path)
        if field.required:
            self.fault(path, "is missing")
        return _MISSING

    def _refused(self, path: str, text: str, fields: Iterable[str]) -> None:
        """Note what a type itself says of its figures: its words begin with the field's name."""
        named = _FIELD.fullmatch(text)
        if named and camel(named[1]) in fields:
            self.fault(_inside(path, camel(named[1])), in_camel(named[2]))
        else:
            self.fault(path, in_camel(text))


def shown(name: str) -> str:
    """Return ``name`` if it can stand in a path, else a mark in its place."""
    return name if _SHOWN.fullmatch(name) else "?"


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _at(path: str, name: Any) -> str:
    return f"{path}[{shown(str(name))}]"


def _reason(text: str, kind: Any) -> str:
    if get_origin(kind) is Literal:
        return f"must be one of {', '.join(map(str, get_args(kind)))}"
    return in_plain_words(text) or "is not one of the allowed values"
