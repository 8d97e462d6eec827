"""Logging, configured once per process: structlog to standard error, as text or as JSON; facts only, never content."""

import logging
import sys
from collections.abc import Callable
from typing import TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from router_core.errors.known_secrets import KnownSecrets
from signalbox.faults import SettingsError
from signalbox.log_redaction import LogRedaction, secrets_of
from signalbox.settings import Settings, load_settings

__all__ = ["configure_logs", "debug_enabled", "log_crash", "mask_in_logs"]


def configure_logs(settings: Settings) -> None:
    """Send structlog's and the standard library's records to standard error in one format."""
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = _CleanHandler(LogRedaction(secrets_of(settings)))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=_renderers(settings.log_format, handler.redaction)
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for noisy in ("alembic", "httpx2", "httpcore2", "openai", "anthropic", "aiohttp", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def mask_in_logs(known: KnownSecrets) -> Callable[[], None]:
    """Take ``known`` out of every line too, until the function that is returned is called."""
    handlers = [each for each in logging.getLogger().handlers if isinstance(each, _CleanHandler)]
    for handler in handlers:
        handler.redaction.known.append(known)

    def stop() -> None:
        for handler in handlers:
            handler.redaction.known.remove(known)

    return stop


class _CleanHandler(logging.StreamHandler[TextIO]):
    """Writes to standard error what ``redaction`` lets through."""

    def __init__(self, redaction: LogRedaction) -> None:
        super().__init__(sys.stderr)
        self.redaction = redaction


def _renderers(log_format: str, redaction: LogRedaction) -> list[structlog.types.Processor]:
    """Return what makes text of a record. Traces name places only: variables hold keys, cookies and content."""
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if log_format == "json":
        traces = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))
        return [strip, traces, redaction, structlog.processors.JSONRenderer()]
    return [
        strip,
        structlog.processors.format_exc_info,
        redaction,
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def debug_enabled() -> bool:
    """Say whether the environment asks for debug logging; unusable settings say no."""
    try:
        return load_settings().log_level == "debug"
    except SettingsError:
        return False


def log_crash(error: Exception) -> None:
    """Log where a command broke."""
    configure_logs(load_settings())
    structlog.get_logger("signalbox").error("crash", exc_info=error)
