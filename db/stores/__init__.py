"""The ports of :mod:`router_core.ports` on SQL; each method is one transaction in a thread."""

from db.stores.accounts import SqlAccountStore
from db.stores.api_keys import SqlApiKeyStore
from db.stores.config import SqlConfigStore
from db.stores.sessions import SqlSessionStore
from db.stores.users import SqlUserStore

__all__ = ["SqlAccountStore", "SqlApiKeyStore", "SqlConfigStore", "SqlSessionStore", "SqlUserStore"]
