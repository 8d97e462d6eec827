"""Is a vulnerability known of a version in the lock? uv asks OSV, the open database of them."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

__all__ = ["advisory_findings"]

# The command and its JSON may still change; a form that is not understood is a finding, never a pass.
_OPTIONS: Final = ("--output-format", "json", "--preview-features", "audit-command,json-output")
_UNREACHABLE: Final = ("error sending request", "Request failed", "Network connectivity is disabled")
_WAIT_S: Final = 120


def advisory_findings(command: Sequence[str], folder: Path, service: str | None = None) -> list[str] | None:
    """Return a sentence for each vulnerability, None where the service cannot be reached.

    ``command`` is uv's, run in ``folder``; ``service`` is another address than OSV's own.
    """
    where = ("--service-url", service) if service else ()
    try:
        done = subprocess.run(
            [*command, *_OPTIONS, *where], cwd=folder, capture_output=True, text=True, timeout=_WAIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode not in (0, 1):
        if any(each in done.stderr for each in _UNREACHABLE):
            return None
        return [f"vulnerabilities: the check failed: {done.stderr.strip()[-300:]}"]
    return _read(done.stdout)


def _read(text: str) -> list[str]:
    try:
        document = json.loads(text)
        told = [*document["vulnerabilities"], *document["adverse_statuses"]]
    except (ValueError, KeyError, TypeError):
        return ["vulnerabilities: the check's answer is not understood"]
    return [f"vulnerabilities: {_sentence(each)}" for each in told]


def _sentence(found: dict[str, Any]) -> str:
    what = found.get("dependency") or found
    told = f"{what.get('name')} {what.get('version', '')}".strip()
    name = found.get("display_id") or found.get("id") or found.get("status")
    fixed = ", ".join(found.get("fix_versions") or ()) or "no version yet"
    return f"{told}: {name} ({found.get('summary') or 'no summary'}), fixed in {fixed}"
