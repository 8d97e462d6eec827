"""Which server a command talks to, and with which key."""

from router_core.types import Secret
from signalbox.demo.facts import read_demo_facts
from signalbox.faults import UsageFault
from signalbox.parsers import check_base_url
from signalbox.settings import Settings

__all__ = ["admin_access", "server_access"]

_DEFAULT_URL = "http://127.0.0.1:8501"


def server_access(settings: Settings, url: str | None) -> tuple[str, Secret]:
    """Return the server's URL and a key for it.

    An option wins over the environment, which wins over a demo that runs on the data directory. A demo's key goes to
    that demo only. Raises :class:`UsageFault` for a bad URL or when there is no key.
    """
    wanted, key = _known(settings, url, admin=False)
    if key is None:
        raise UsageFault("SIGNALBOX_API_KEY is not set; make a key with: signalbox keys create --account NAME")
    return wanted, key


def admin_access(settings: Settings, url: str | None) -> tuple[str, Secret | None]:
    """Return the server's URL and an admin key for it, as :func:`server_access` finds them; None without a key."""
    return _known(settings, url, admin=True)


def _known(settings: Settings, url: str | None, *, admin: bool) -> tuple[str, Secret | None]:
    wanted = _checked(url) or settings.url
    if settings.api_key is not None:
        return wanted or _DEFAULT_URL, settings.api_key
    demo = read_demo_facts(settings.data_dir)
    if demo is not None and wanted in (None, demo.base_url):
        return demo.base_url, Secret(demo.admin_api_key if admin else demo.api_key)
    return wanted or _DEFAULT_URL, None


def _checked(url: str | None) -> str | None:
    if url is None:
        return None
    try:
        return check_base_url(url)
    except ValueError as error:
        raise UsageFault(f"--url {error}") from None
