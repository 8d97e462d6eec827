"""OpenTelemetry, where an endpoint is set and the extra is installed."""

import asyncio
from contextlib import AsyncExitStack

from router_core.ports import ConfigSource, Recorder
from signalbox.faults import SettingsError
from signalbox.settings import Settings

__all__ = ["telemetry_recorders"]


async def telemetry_recorders(settings: Settings, config: ConfigSource, stack: AsyncExitStack) -> list[Recorder]:
    """Return the recorder that exports, none without an endpoint; ``stack`` exports the rest and closes it.

    Raises :class:`SettingsError` when the extra is not installed.
    """
    endpoint = settings.telemetry_endpoint
    if endpoint is None:
        return []
    from router_core.telemetry.recorder import otlp_recorder

    def vendor_of(row: str) -> str | None:
        return next((each.kind for each in config.snapshot().providers if each.name == row), None)

    try:
        recorder = await asyncio.to_thread(otlp_recorder, endpoint, vendor_of)
    except ImportError:
        fault = "OTEL_EXPORTER_OTLP_ENDPOINT needs the extra: pip install 'signalbox[telemetry]'"
        raise SettingsError([fault]) from None
    stack.push_async_callback(asyncio.to_thread, recorder.close)
    return [recorder]
