"""How a Python environment that is not ours runs its cases: all at once, and one report on standard output."""

import io
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from functools import partial
from traceback import format_exc
from typing import Any

__all__ = ["kinds", "page_cases", "print_report", "refusal", "refusal_cases", "told"]

AT_ONCE = 8


def told() -> dict[str, Any]:
    """Return what standard input says about the server and what to ask it for."""
    given: dict[str, Any] = json.load(sys.stdin)
    return given


def print_report(cases: dict[str, Callable[[], Any]], alone: dict[str, Callable[[], Any]]) -> None:
    """Print what every case returned, or how it failed; those of ``alone`` ran one after the other, before the rest."""
    found = {name: _outcome(act) for name, act in alone.items()}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found |= zip(cases, pool.map(_outcome, cases.values()), strict=True)
    json.dump(found, sys.stdout)


def page_cases(names: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Return the examples that a page has for this environment; each prints, so none runs beside another."""
    return {name: partial(_printed, code) for name, code in names["page"].items()}


def _printed(code: str) -> Any:
    said = io.StringIO()
    with redirect_stdout(said):
        exec(code, {"__name__": "example"})
    return {"said": said.getvalue()}


def refusal(act: Callable[[], Any]) -> dict[str, Any]:
    """Return what the error is that ``act`` ends with; raises AssertionError when it does not."""
    try:
        act()
    except Exception as error:  # noqa: BLE001 - whatever the client raises is the finding
        return {
            "classes": kinds(error),
            "status": getattr(error, "status_code", None),
            "message": str(error),
            "causes": kinds(error.__cause__),
        }
    raise AssertionError("nothing was refused")


def refusal_cases(names: dict[str, Any], ask: Callable[[str, str], Any]) -> dict[str, Callable[[], Any]]:
    """Return the cases that a server refuses; ``ask`` asks a model with a key."""
    refused = {
        "401": ("gpt-4o-mini", names["asked"]["nobody"]),
        "402": ("gpt-4o-mini", names["spent_key"]),
        "429": (names["limited"], names["key"]),
        "503": (names["closed"], names["key"]),
    }
    return {case: partial(refusal, partial(ask, *how)) for case, how in refused.items()}


def kinds(error: BaseException | None) -> list[str]:
    """Return the names of an error's classes, its own first."""
    return [kind.__name__ for kind in type(error).__mro__ if issubclass(kind, Exception)]


def _outcome(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Exception:  # noqa: BLE001 - a failed case is an entry of the report
        return {"failed": format_exc()}
