"""Opens the tokens of tool servers, each for the place that it was entered for and for no other."""

import logging

from router_core.errors.known_secrets import KnownSecrets
from router_core.ports import ConfigSource
from router_core.security.vault.faults import UnreadableSecretError
from router_core.security.vault.key_manager import KeyManager
from router_core.types import Secret, ToolServer
from router_core.types.tool_server import server_place
from router_core.types.vault import SealedPlace

__all__ = ["StoredTokens", "token_place"]

_log = logging.getLogger(__name__)


def token_place(token_id: str) -> SealedPlace:
    """Return where the token of that id is sealed for."""
    return SealedPlace("tool_tokens", "sealed", token_id, None)


class StoredTokens:
    """The tokens of the configuration in force; what is opened is known to ``known``, so that no error shows it."""

    __slots__ = ("_config", "_known", "_manager", "_opened")

    def __init__(self, config: ConfigSource, manager: KeyManager, known: KnownSecrets) -> None:
        self._config = config
        self._manager = manager
        self._known = known
        self._opened: dict[str, tuple[bytes, Secret]] = {}

    def token(self, name: str, server: ToolServer) -> Secret | None:
        """Return the token that may go to ``server``, None when there is none or it cannot be read."""
        token = self._config.snapshot().tool_tokens.get(name)
        if token is None or token.secret.place != server_place(server.url):
            return None
        found = self._opened.get(name)
        if found is None or found[0] != token.secret.sealed:
            try:
                secret = self._manager.open(token_place(token.id), token.secret.sealed)
            except UnreadableSecretError:
                _log.warning("the stored token of tool server %s cannot be read, and is not used", name)
                return None
            self._known.add(secret)
            if found is not None:
                self._known.put_aside(found[1])
            found = self._opened[name] = token.secret.sealed, secret
        return found[1]
