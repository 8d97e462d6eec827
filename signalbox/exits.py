"""The last line of defence of every command: whatever happens becomes one clear line and an exit code."""

import io
import os
import sys
from collections.abc import Callable

import typer
from typer.exceptions import TyperException

from db.errors import StoreError
from router_core.errors.base import ConflictError, LLMError, NotFoundError, ValidationError
from signalbox.faults import CommandFault, ConflictFault, DependencyFault, UsageFault

__all__ = ["INTERRUPTED", "guard", "say"]

INTERRUPTED = 130
_EXTRA = "Got unexpected extra argument"


def say(line: str) -> None:
    """Write a note for people to standard error; a closed standard error is nobody's loss."""
    try:
        print(line, file=sys.stderr, flush=True)  # noqa: T201 - the voice of the command line
    except BrokenPipeError:
        _silence()


def guard(action: Callable[[], object]) -> int:
    """Run ``action`` and return the process's exit code; no traceback gets past here.

    What a terminal cannot show is shown as a question mark.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        outcome = action()
        sys.stdout.flush()
    except BrokenPipeError:
        return _silence()
    except SystemExit as error:
        # typer ends the process itself when a command's reader went away.
        return _silence() if isinstance(error.__context__, BrokenPipeError) else _exit_code(error)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - people get a line, not a traceback
        return _explain(error)
    return outcome if isinstance(outcome, int) else 0


def _explain(error: Exception) -> int:
    match error:
        case typer.Exit():
            return error.exit_code
        case CommandFault():
            say(f"signalbox: {error.message}")
            return error.exit_code
        case TyperException():
            say(f"signalbox: {_without_extras(error.format_message())}\nTry 'signalbox --help'.")
            return error.exit_code
        case StoreError():
            say(f"signalbox: {error}")
            return DependencyFault.exit_code
        case LLMError():
            say(f"signalbox: {error.message} ({error.code})")
            return _refusal_code(error)
        case _:
            say(f"signalbox: internal error ({type(error).__name__}); SIGNALBOX_LOG_LEVEL=debug logs where")
            _log(error)
            return 1


def _without_extras(message: str) -> str:
    """Return ``message`` without arguments that nobody takes: they may be the secrets that are read elsewhere."""
    if not message.startswith(_EXTRA):
        return message
    return f"{_EXTRA}; secrets are read from standard input or made, never taken as an argument"


def _refusal_code(error: LLMError) -> int:
    if isinstance(error, ConflictError):
        return ConflictFault.exit_code
    return UsageFault.exit_code if isinstance(error, ValidationError | NotFoundError) else 1


def _log(error: Exception) -> None:
    from signalbox.logs import debug_enabled, log_crash

    if debug_enabled():
        log_crash(error)


def _exit_code(error: SystemExit) -> int:
    return error.code if isinstance(error.code, int) else int(error.code is not None)


def _silence() -> int:
    """The reader went away: swallow what is still buffered, and end as if all was read."""
    sink = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(sink, descriptor)
    os.close(sink)
    return 0
