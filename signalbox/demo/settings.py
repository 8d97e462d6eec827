"""The demo's settings: whatever the environment says, no real provider and no real store is touched."""

from dataclasses import replace
from typing import Final

from router_core.types import Secret
from signalbox.settings import Settings

__all__ = ["demo_settings"]

_PROVIDER_KEY: Final = Secret("sk-demo-0123456789abcdefghij")


def demo_settings(settings: Settings, simulator_url: str) -> Settings:
    """Return ``settings`` for the demo: simulated providers only, and a store in the data directory only."""
    return replace(
        settings,
        openai_api_key=_PROVIDER_KEY,
        anthropic_api_key=_PROVIDER_KEY,
        openai_base_url=f"{simulator_url}/v1",
        anthropic_base_url=simulator_url,
        database_url=None,
        redis_url=None,
    )
