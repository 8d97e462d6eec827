"""What can be wrong with keys and sealed secrets. No message tells more than that."""

from router_core.errors import ConflictError, ProviderUnavailableError

__all__ = [
    "DamagedKeysError",
    "KeyInUseError",
    "MasterChangeOpenError",
    "NodesBehindError",
    "RotationRunningError",
    "UnknownKeyVersionError",
    "UnreadableSecretError",
    "WrongMasterKeyError",
]


class UnreadableSecretError(ProviderUnavailableError):
    """A sealed secret was changed, belongs to another place, or its key is gone."""

    def __init__(self) -> None:
        super().__init__("A stored credential cannot be read")


class UnknownKeyVersionError(UnreadableSecretError):
    """The ring holds no key of that version: it may be newer than the ring, so look at the store once."""


class WrongMasterKeyError(Exception):
    """The master key opens none of the slots."""


class DamagedKeysError(WrongMasterKeyError):
    """The master key opens its slot, and not all that is wrapped under it: the record was changed from outside."""


class KeyInUseError(ConflictError):
    """A key cannot be retired while anything is sealed under it."""


class RotationRunningError(ConflictError):
    """Another process is changing the keys."""


class MasterChangeOpenError(ConflictError):
    """The master key is being changed, and until that is finished nothing else may be begun."""


class NodesBehindError(ConflictError):
    """Nodes have not taken up a change of keys in time; what was begun goes on when it is run again."""
