"""The peer's own virtual environment, made once from pinned requirements and kept in a cache folder."""

import subprocess
import sys
from pathlib import Path

__all__ = ["VERSION", "ensure"]

VERSION = "1.109.1"
_REQUIREMENTS = Path(__file__).with_name("litellm-requirements.txt")
_INSTALL_TIMEOUT_S = 1200.0


def ensure(cache: Path) -> Path:
    """Return the Python of the peer's environment under ``cache``, making it first when it is not complete.

    Raises ``subprocess.CalledProcessError`` when ``uv`` fails.
    """
    folder = cache.absolute() / f"litellm-{VERSION}"
    python = folder / "bin" / "python"
    complete = folder / "complete"
    if complete.exists() and complete.read_bytes() == _REQUIREMENTS.read_bytes():
        return python
    print(f"Installing litellm[proxy] {VERSION} into {folder} (about 600 MB, once) …", file=sys.stderr)
    _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
    # --no-deps: the file pins everything, two pins on purpose below what litellm asks for
    _uv("pip", "install", "--quiet", "--python", str(python), "--no-deps", "-r", str(_REQUIREMENTS))
    complete.write_bytes(_REQUIREMENTS.read_bytes())
    return python


def _uv(*words: str) -> None:
    subprocess.run(("uv", *words), check=True, timeout=_INSTALL_TIMEOUT_S)
