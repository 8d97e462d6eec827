"""The configuration as a YAML file."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from signalbox.faults import UsageFault

__all__ = ["as_yaml", "read_config", "read_config_file", "write_config"]

LONGEST_FILE: Final = 8 * 1024 * 1024
_HEAD: Final = """\
# The routing configuration, whole: a provider, use case or switch that is not here any more goes away when the file is
# applied; a section that is left out stays as it is. Keys are no part of it: each row keeps its own.
# `revision` guards against overwriting what somebody changed since this file was written; without it nothing does.
"""


def write_config(document: Mapping[str, Any], revision: int) -> str:
    """Return ``document`` as text that :func:`read_config_file` takes back as it was."""
    return _HEAD + as_yaml({"revision": revision, **document})


def as_yaml(value: Any) -> str:
    """Return plain data as YAML, in its own order."""
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)
    return text


def read_config_file(file: Path) -> tuple[dict[str, Any], int | None]:
    """Return the document in ``file``, ``-`` for standard input, and the revision that it says it was made from.

    Raises :class:`UsageFault` for a file that cannot be read or is no YAML.
    """
    return read_config(_text(file), str(file))


def read_config(text: str, file: str) -> tuple[dict[str, Any], int | None]:
    """Return the document in ``text``, which came from ``file``, and the revision that it says it was made from.

    Raises :class:`UsageFault` for what is no YAML.
    """
    try:
        document = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a safe loader that takes even less
    except yaml.YAMLError as error:
        raise UsageFault(f"{file} is not usable YAML: {_told(error)}") from None
    except (ValueError, RecursionError):
        raise UsageFault(f"{file} is not usable YAML") from None
    if not isinstance(document, dict):
        raise UsageFault(f"{file} holds no configuration")
    revision = document.pop("revision", None)
    if revision is not None and (not isinstance(revision, int) or isinstance(revision, bool) or revision < 0):
        raise UsageFault("revision must be a whole number, 0 or more")
    return document, revision


def _text(file: Path) -> str:
    try:
        data = sys.stdin.buffer.read(LONGEST_FILE + 1) if str(file) == "-" else _bytes(file)
        if len(data) > LONGEST_FILE:
            raise UsageFault(f"{file} is larger than {LONGEST_FILE // 1024**2} MiB")
        return data.decode()
    except OSError as error:
        raise UsageFault(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageFault(f"{file} is not UTF-8") from None


def _bytes(file: Path) -> bytes:
    with file.open("rb") as source:
        return source.read(LONGEST_FILE + 1)


def _told(error: yaml.YAMLError) -> str:
    """Return what is wrong and where; the parser's own words would quote the file."""
    mark = getattr(error, "problem_mark", None)
    where = "" if mark is None else f", line {mark.line + 1}"
    return f"{getattr(error, 'problem', None) or 'unexpected text'}{where}"


class _PlainLoader(yaml.SafeLoader):
    """Takes plain data only: no aliases, and no name twice in one object."""

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(None, None, "aliases are not taken", event.start_mark)
        found: Node | None = super().compose_node(parent, index)
        return found

    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if not isinstance(key, ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a name must be text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, "a name stands twice in one object", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
