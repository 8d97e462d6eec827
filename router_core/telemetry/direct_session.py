"""The session that figures are exported over: straight to the collector that the environment names, nowhere else."""

from typing import Any

import requests

__all__ = ["direct_session"]


class _DirectSession(requests.Session):
    """Follows no redirect and asks no proxy; certificates are verified."""

    def get_redirect_target(self, _response: Any) -> None:
        return None


def direct_session() -> requests.Session:
    """Return a session of its own for one exporter."""
    session = _DirectSession()
    session.trust_env = False
    return session
