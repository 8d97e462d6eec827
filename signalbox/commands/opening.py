"""What a server says before it starts."""

from signalbox.exits import say
from signalbox.faults import UsageFault
from signalbox.settings import Settings
from signalbox.stored_keys import needed_keys
from signalbox.summary import Finding, summarize, worst_exit_code

__all__ = ["print_summary"]


def print_summary(settings: Settings, *more: Finding, demo: bool = False) -> None:
    """Say what is configured, and ``more``. Raises :class:`UsageFault` when the router could not start."""
    stored = 0 if demo else needed_keys(settings)
    findings = [*summarize(settings, demo=demo, stored_keys=stored), *more]
    for finding in findings:
        say(finding.line())
    if worst_exit_code(findings) == UsageFault.exit_code:
        raise UsageFault("the router cannot start; the lines marked ✗ say why")
