"""A server of our own without the demo: ``signalbox up`` in front of a given provider, with an account and a key."""

import json
from pathlib import Path
from typing import Any

from tests.support.command_runs import run_at
from tests.support.demo_process import DemoProcess

__all__ = ["PlainServer"]


class PlainServer(DemoProcess):
    """``signalbox up`` whose two vendors are at ``openai_url`` and ``anthropic_url``; use it as a context manager."""

    mode: tuple[str, ...] = ()

    def __init__(self, folder: Path, openai_url: str, anthropic_url: str, **environment: str) -> None:
        super().__init__(
            folder,
            **environment,
            OPENAI_API_KEY="sk-for-a-simulator",
            ANTHROPIC_API_KEY="sk-ant-for-a-simulator",
            OPENAI_BASE_URL=openai_url,
            ANTHROPIC_BASE_URL=anthropic_url,
        )

    def command(self, *arguments: str, **environment: str) -> Any:
        """Run ``signalbox`` beside the server and return the JSON it prints."""
        code, printed, said = run_at(self.folder, *arguments, "--json", **environment)
        assert code == 0, said
        return json.loads(printed)

    def _facts(self) -> dict[str, Any]:
        account = self.command("accounts", "create", "acme")
        key = self.command("keys", "create", "--account", "acme")
        return {"base_url": self.base_url, "api_key": key["key"], "account_id": account["id"]}
