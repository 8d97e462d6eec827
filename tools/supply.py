"""``python -m tools.supply``: what the project stands on may be used, is not known to be unsafe, runs nothing unasked.

Exit code 1 for a finding. While the advisory service cannot be reached nothing is known of vulnerabilities: that is
said, and is a finding only with ``--strict``.
"""

import argparse
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any, Final

from signalbox.supply.installed import installed_parts
from tools.advisories import advisory_findings
from tools.licences import licence_findings
from tools.start_up import start_up_findings

__all__ = ["main"]

ROOT: Final = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Print every finding, and return the exit code."""
    asked = _read(arguments)
    policy = _policy()
    parts = installed_parts()
    folders = {Path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")}
    findings = [
        *licence_findings(parts, policy["licences"]["allowed"], policy["licences"]["excepted"]),
        *start_up_findings(folders, policy["start-up"]["path-files"], ROOT),
    ]
    advisories = advisory_findings([asked.uv, "audit", "--locked", "--no-dev"], ROOT, asked.service)
    if advisories is None:
        print("supply: the advisory service cannot be reached, so nothing is known of vulnerabilities")
        findings += ["vulnerabilities: not checked"] if asked.strict else []
    findings += advisories or ()
    for each in findings:
        print(f"supply: {each}")
    if not findings:
        print(f"supply: {len(parts)} parts, nothing found")
    return 1 if findings else 0


def _policy() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["signalbox"]
    return found


def _read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.supply", description=__doc__)
    parser.add_argument("--uv", default="uv", help="the program uv")
    parser.add_argument("--service", help="address of the advisory service, OSV's protocol")
    parser.add_argument("--strict", action="store_true", help="need an answer of the advisory service")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
