"""Does anything run by itself when Python starts? A package that was tampered with once did so by a ``.pth`` file."""

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

__all__ = ["start_up_findings"]

# Python reads and runs these without any import of ours.
_RUN_BY_THEMSELVES: Final = ("*.pth", "*.start", "sitecustomize*", "usercustomize*")


def start_up_findings(folders: Iterable[Path], known: Collection[str], checkout: Path) -> list[str]:
    """Return a sentence for each start-up file in ``folders`` that is not ``known``, or does more than it should.

    Known files may add ``checkout`` to the path, or a folder in it, and no more.
    """
    found = sorted({path for folder in folders for wanted in _RUN_BY_THEMSELVES for path in folder.glob(wanted)})
    findings = []
    for path in found:
        if path.name not in known:
            findings.append(f"start-up: {path.name} is not known; Python would run it at every start")
        elif not all(_is_inside(line, checkout) for line in path.read_text("utf-8").splitlines() if line.strip()):
            findings.append(f"start-up: {path.name} does more than add this checkout to the path")
    return findings


def _is_inside(line: str, checkout: Path) -> bool:
    return not line.startswith(("import ", "import\t")) and Path(line).resolve().is_relative_to(checkout.resolve())
