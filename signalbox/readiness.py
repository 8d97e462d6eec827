"""Whether this process wants traffic."""

__all__ = ["Readiness"]


class Readiness:
    """Not ready until opened, and never again once closed."""

    __slots__ = ("_ready",)

    def __init__(self) -> None:
        self._ready: bool | None = None

    def open(self) -> None:
        """Start-up is over."""
        if self._ready is None:
            self._ready = True

    def close(self) -> None:
        """The process is draining."""
        self._ready = False

    def is_ready(self) -> bool:
        """Say whether requests are welcome."""
        return self._ready is True

    def is_draining(self) -> bool:
        """Say whether the process is on its way out."""
        return self._ready is False
