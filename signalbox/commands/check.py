"""``signalbox check``: would the router start, and with what?"""

from pathlib import Path

from signalbox.commands.output import print_json, print_line
from signalbox.data_dir import inspect_folder
from signalbox.settings import load_settings
from signalbox.summary import Finding, summarize, worst_exit_code

__all__ = ["run"]


def run(data_dir: Path | None, *, as_json: bool) -> int:
    """Print the summary; return 2 when the router could not start, 1 for a warning, else 0."""
    settings = load_settings().in_folder(data_dir)
    findings = [*inspect_folder(settings.data_dir), *summarize(settings)]
    code = worst_exit_code(findings)
    if as_json:
        print_json({"ok": code == 0, "findings": findings})
    else:
        _print_lines(findings, code)
    return code


def _print_lines(findings: list[Finding], code: int) -> None:
    for finding in findings:
        print_line(finding.line())
    print_line(["Ready to start.", "Ready to start, with warnings.", "The router could not start."][code])
