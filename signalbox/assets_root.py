"""Where the ASGI programs and their companions lie: at the root of a checkout, or inside the installed package."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final

__all__ = ["assets_root", "load_program"]

_PACKAGE: Final = Path(__file__).parent
_PROGRAM_NAME: Final = "signalbox_program"


def assets_root() -> Path:
    """Return the folder that holds ``app.py``, ``console_alone.py``, ``pages`` and ``alembic``."""
    packed = _PACKAGE / "assets"
    return packed if (packed / "app.py").is_file() else _PACKAGE.parent


def load_program(script: str = "app.py") -> Any:
    """Import ``script`` and return its ASGI application."""
    spec = spec_from_file_location(_PROGRAM_NAME, assets_root() / script)
    if spec is None or spec.loader is None:
        raise ImportError(f"{script} cannot be imported")
    module = module_from_spec(spec)
    sys.modules[_PROGRAM_NAME] = module
    spec.loader.exec_module(module)
    return module.app
