"""What can go wrong with the store. No message ever holds a password.

OverloadedError (router_core)
└── StoreError                    503 for whoever waits for an answer; ``detail`` is for operators only
    ├── StoreUnreachableError     not there, refused, or no database
    │   └── BadStoreUrlError      the URL cannot name a store of ours
    └── StoreBusyError            there, but locked or too slow
        └── StoreCrowdedError     more of our own work than threads and connections
MigrationError
├── MigrationConflictError        another migration is running
└── SchemaNewerError              the store was migrated by newer code
"""

from router_core.errors import OverloadedError

__all__ = [
    "BadStoreUrlError",
    "MigrationConflictError",
    "MigrationError",
    "SchemaNewerError",
    "StoreBusyError",
    "StoreCrowdedError",
    "StoreError",
    "StoreUnreachableError",
]


class StoreError(OverloadedError):
    """The store did not do its part. ``message`` is fit for any caller, ``detail`` and ``str()`` for operators."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.message}: {self.detail}" if self.detail else self.message


class StoreUnreachableError(StoreError):
    """The store cannot be reached or opened."""


class BadStoreUrlError(StoreUnreachableError):
    """The URL is no SQLite or PostgreSQL URL."""


class StoreBusyError(StoreError):
    """The store is locked by another writer, or a statement took too long."""


class StoreCrowdedError(StoreBusyError):
    """More is asked of the store at once than this process has threads and connections for."""


class MigrationError(Exception):
    """The schema cannot be brought to where the code needs it."""


class MigrationConflictError(MigrationError):
    """Another migration of the same store is running."""


class SchemaNewerError(MigrationError):
    """The store's schema was made by newer code than this."""
