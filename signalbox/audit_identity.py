"""As whom a process writes into the audit log: its chain, the key that signs it, and where ends are kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from router_core.audit.head_files import HeadFiles
from router_core.audit.signatures import ChainSigner
from router_core.clock import Clock, new_ulid
from router_core.security.vault.master import RootSecret
from signalbox.data_dir import write_private
from signalbox.faults import DependencyFault
from signalbox.settings import Settings

__all__ = ["AuditIdentity", "audit_heads", "audit_identity", "chain_signer", "command_writer"]

AUDIT_FOLDER: Final = "audit"
NODE_FILE: Final = "node"
_LONGEST_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class AuditIdentity:
    """``writer`` names the chain."""

    writer: str
    signer: ChainSigner
    heads: HeadFiles


def audit_identity(settings: Settings, root: RootSecret, writer: str) -> AuditIdentity:
    """Return the identity of ``writer`` in the data directory of ``settings``."""
    signer = chain_signer(root)
    return AuditIdentity(writer, signer, audit_heads(settings, signer))


def chain_signer(root: RootSecret) -> ChainSigner:
    """Return what signs chains; every process on one store signs alike."""
    return ChainSigner(root.derive("audit chain"))


def audit_heads(settings: Settings, signer: ChainSigner) -> HeadFiles:
    """Return the ends that are kept in the data directory."""
    return HeadFiles(settings.data_dir / AUDIT_FOLDER, signer)


def command_writer(settings: Settings, clock: Clock) -> str:
    """Return the chain of the commands that run on this data directory. Raises :class:`DependencyFault`."""
    path = settings.data_dir / AUDIT_FOLDER / NODE_FILE
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            write_private(path, new_ulid(clock).lower().encode())
        return f"commands-{_name(path)}"
    except OSError as error:
        raise DependencyFault(f"{path} cannot be used: {error.strerror}") from None


def _name(path: Path) -> str:
    name = path.read_text().strip()
    if not name.isalnum() or len(name) > _LONGEST_NAME:
        raise DependencyFault(f"{path} does not hold a name; restore it, or remove it to begin a new chain")
    return name
