"""The ``llm`` command on ``/v1``, with a folder of settings of its own."""

import base64
import json
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner
from llm.cli import cli

__all__ = ["llm_cases"]

ABLE: Final = {"supports_tools": True, "supports_schema": True, "vision": True}


def llm_cases(names: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Return the cases."""
    asked = names["asked"]
    folder = Path(tempfile.mkdtemp(prefix="llm-"))
    models = ("gpt-4o-mini", "claude-haiku-4-5", "gpt-4o", names["limited"], names["closed"], names["breaking"])
    entries = [{"model_id": f"signalbox/{model}", "model_name": model, "api_base": f"{names['base_url']}/v1",
                "api_key_name": "signalbox", **ABLE} for model in models]  # fmt: skip
    # JSON is YAML too.
    (folder / "extra-openai-models.yaml").write_text(json.dumps(entries))
    (folder / "keys.json").write_text(json.dumps({"signalbox": names["key"]}))
    (folder / "logs-off").touch()  # it would make a database first
    image = folder / "pixel.png"
    image.write_bytes(base64.b64decode(asked["pixel"]))
    os.environ["LLM_USER_PATH"] = str(folder)
    tool = f"def tell_weather(city: str) -> str:\n    '{asked['weather_text']}'\n    return '{asked['reported']}'"
    cases: dict[str, Callable[[], Any]] = {
        "chat": partial(_run, "gpt-4o-mini", asked["say_greeting"], "--no-stream"),
        "stream": partial(_run, "claude-haiku-4-5", asked["say_greeting"]),
        "tools": partial(_run, "gpt-4o-mini", asked["ask_weather"], "--functions", tool),
        "structured": partial(_run, "gpt-4o-mini", "Invent a person.", "--schema", json.dumps(asked["person"])),
        "image": partial(_run, "gpt-4o", asked["look"], "-a", str(image)),
        "401": partial(_run, "gpt-4o-mini", "Hello", "--key", asked["nobody"]),
        "402": partial(_run, "gpt-4o-mini", "Hello", "--key", names["spent_key"]),
        "429": partial(_run, names["limited"], "Hello", "--key", names["hasty_key"]),
        "503": partial(_run, names["closed"], "Hello"),
        "broken stream": partial(_run, names["breaking"], asked["say_much"]),
    }
    return {f"llm: {name}": act for name, act in cases.items()}


def _run(model: str, prompt: str, *more: str) -> Any:
    """Run the command and return how it ended."""
    done = CliRunner().invoke(cli, ["-m", f"signalbox/{model}", prompt, *more])
    return {"code": done.exit_code, "said": done.stdout.strip(), "complaint": done.stderr.strip()}
