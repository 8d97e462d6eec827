"""Where the console's files are, in a checkout and in an installed wheel alike."""

from pathlib import Path

from signalbox.assets_root import assets_root

__all__ = ["main_script", "page_script", "static_file"]

_HERE = Path(__file__).parent


def main_script() -> Path:
    """Return the script that Streamlit runs; no folder called ``pages`` lies beside it, which would bypass the gate."""
    return _HERE / "main.py"


def page_script(name: str) -> Path:
    """Return the script of the page ``name``. Raises :class:`FileNotFoundError` when no page has that name."""
    script = assets_root() / "pages" / f"{name}.py"
    if not script.is_file():
        raise FileNotFoundError(f"no page script called {name}.py")
    return script


def static_file(name: str) -> Path:
    """Return a font, logo or icon; browsers see it under ``/app/static/``."""
    return _HERE / "static" / name
