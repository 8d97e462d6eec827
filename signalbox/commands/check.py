"""``signalbox check``: would the router start, and with what?"""

import contextlib
from pathlib import Path

from signalbox.commands.output import print_json, print_line
from signalbox.data_dir import inspect_folder
from signalbox.faults import DependencyFault, SettingsError
from signalbox.settings import Settings, load_settings
from signalbox.stored_keys import count_stored_keys
from signalbox.summary import Finding, summarize, worst_exit_code
from signalbox.unlocking import count_unreadable

__all__ = ["run"]


def run(data_dir: Path | None, *, as_json: bool) -> int:
    """Print the summary; return 2 when the router could not start, 1 for a warning, else 0."""
    settings = load_settings().in_folder(data_dir)
    parts = summarize(settings, stored_keys=count_stored_keys(settings))
    findings = [*inspect_folder(settings.data_dir), *parts, *_secrets(settings)]
    code = worst_exit_code(findings)
    if as_json:
        print_json({"ok": code == 0, "findings": findings})
    else:
        _print_lines(findings, code)
    return code


def _secrets(settings: Settings) -> list[Finding]:
    """Say how many stored secrets cannot be read, or that all need another key; a store that is away says nothing."""
    with contextlib.suppress(DependencyFault):
        try:
            lost = count_unreadable(settings)
        except SettingsError as error:
            return [Finding("fault", "encryption", each) for each in error.faults]
        if lost:
            text = f"{lost:,} cannot be read and are not used; `signalbox encryption status` names them"
            return [Finding("warning", "stored keys", text)]
    return []


def _print_lines(findings: list[Finding], code: int) -> None:
    for finding in findings:
        print_line(finding.line())
    print_line(["Ready to start.", "Ready to start, with warnings.", "The router could not start."][code])
