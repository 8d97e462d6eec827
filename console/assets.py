"""Where the console's files are, in a checkout and in an installed wheel alike."""

from importlib.resources import files
from pathlib import Path

__all__ = ["main_script", "page_script", "static_file"]

_HERE = Path(__file__).parent


def main_script() -> Path:
    """Return the script that Streamlit runs; no folder called ``pages`` lies beside it, which would bypass the gate."""
    return _HERE / "main.py"


def page_script(name: str) -> Path:
    """Return the script of the page ``name``. Raises :class:`FileNotFoundError` when no page has that name."""
    for folder in (_HERE.parent / "pages", Path(str(files("signalbox"))) / "assets" / "pages"):
        script = folder / f"{name}.py"
        if script.is_file():
            return script
    raise FileNotFoundError(f"no page script called {name}.py")


def static_file(name: str) -> Path:
    """Return a font, logo or icon; browsers see it under ``/app/static/``."""
    return _HERE / "static" / name
