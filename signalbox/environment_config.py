"""The store's configuration with the environment's switches laid over it."""

from router_core.ports import ConfigSource
from router_core.types import Flags, Snapshot
from signalbox.settings import Settings

__all__ = ["EnvironmentConfig"]


class EnvironmentConfig:
    """Hands out the inner source's snapshot, dressed once per revision: a switch that is off anywhere is off."""

    __slots__ = ("_dressed", "_flags", "_inner", "_seen")

    def __init__(self, inner: ConfigSource, settings: Settings) -> None:
        self._inner = inner
        self._flags = Flags(
            llm=settings.llm_enabled, openai=settings.openai_enabled, anthropic=settings.anthropic_enabled
        )
        self._seen = inner.snapshot()
        self._dressed = self._dress(self._seen)

    def snapshot(self) -> Snapshot:
        """Return the snapshot in force."""
        current = self._inner.snapshot()
        if current is not self._seen:
            self._seen, self._dressed = current, self._dress(current)
        return self._dressed

    def _dress(self, inner: Snapshot) -> Snapshot:
        if self._flags == Flags():
            return inner
        flags = Flags(
            llm=inner.flags.llm and self._flags.llm,
            openai=inner.flags.openai and self._flags.openai,
            anthropic=inner.flags.anthropic and self._flags.anthropic,
        )
        return inner.with_flags(flags)
