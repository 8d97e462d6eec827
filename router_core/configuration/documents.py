"""The configuration as a document: plain data in camelCase, the same in JSON, in YAML and in the history."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct, structs, to_builtins

from router_core.types import Configuration, ProviderConfig, Snapshot
from router_core.wording import camel

__all__ = ["NOT_IN_DOCUMENTS", "configuration_of", "document_of", "provider_document"]

# What belongs to a row but is no configuration: the counter of its changes.
NOT_IN_DOCUMENTS: Final = frozenset({"version"})


def configuration_of(snapshot: Snapshot) -> Configuration:
    """Return the part of ``snapshot`` that has versions."""
    return Configuration(
        providers=snapshot.providers,
        preferences=snapshot.preferences,
        policies=snapshot.policies,
        flags=snapshot.flags,
        tool_servers=snapshot.tool_servers,
    )


def document_of(configuration: Configuration) -> dict[str, Any]:
    """Return the whole configuration, every field named."""
    return {
        "flags": _plain(configuration.flags),
        "preferences": dict(sorted(configuration.preferences.items())),
        "policies": {name: _plain(policy) for name, policy in sorted(configuration.policies.items())},
        "providers": [provider_document(row) for row in configuration.providers],
        "toolServers": {name: _plain(server) for name, server in sorted(configuration.tool_servers.items())},
    }


def provider_document(row: ProviderConfig) -> dict[str, Any]:
    """Return a provider's entry: all of its fields but the counter of its changes."""
    own = structs.asdict(row)
    return {camel(name): _plain(value) for name, value in own.items() if name not in NOT_IN_DOCUMENTS}


def _plain(value: Any) -> Any:
    if isinstance(value, Struct):
        return {camel(name): _plain(each) for name, each in structs.asdict(value).items()}
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return to_builtins(value)
