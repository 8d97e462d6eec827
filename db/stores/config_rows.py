"""The rows that the configuration consists of: read whole, and changed to what is wanted."""

import logging
from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType

from msgspec import DecodeError, ValidationError, convert, json, structs, to_builtins
from sqlalchemy import Text, cast, delete, func, select
from sqlalchemy.orm import Session

from db.models import Account, FeatureFlag, LlmProvider, StoredPolicy, UseCasePreference
from db.stores.lookups import require_known
from db.tool_models import StoredToolServer
from router_core.errors import ConflictError
from router_core.types import (
    Capabilities,
    Configuration,
    Flags,
    ProviderConfig,
    ProviderKind,
    ProviderLimits,
    ToolServer,
    UseCasePolicy,
)

__all__ = ["load_configuration", "put_row", "replace_configuration", "set_flag_rows"]

_log = logging.getLogger(__name__)


def load_configuration(session: Session) -> Configuration:
    """Return what is in force, providers in their order."""
    rows = session.scalars(select(LlmProvider).order_by(LlmProvider.position, LlmProvider.created_at, LlmProvider.id))
    flags = {row.name: row.enabled for row in session.scalars(select(FeatureFlag))}
    preferences = {row.use_case: row.model for row in session.scalars(select(UseCasePreference))}
    return Configuration(
        providers=tuple(_provider(row) for row in rows),
        preferences=MappingProxyType(preferences),
        policies=_load_policies(session),
        flags=convert(flags, Flags),
        tool_servers=_load_tool_servers(session),
    )


def replace_configuration(session: Session, wanted: Configuration, now: datetime) -> None:
    """Make the rows those of ``wanted``; a row that stays keeps its version unless it changes."""
    _replace_providers(session, wanted.providers, now)
    set_flag_rows(session, wanted.flags)
    session.execute(delete(UseCasePreference))
    session.execute(delete(StoredPolicy))
    session.add_all(UseCasePreference(use_case=name, model=model) for name, model in wanted.preferences.items())
    session.add_all(StoredPolicy(use_case=name, policy=to_builtins(each)) for name, each in wanted.policies.items())
    session.execute(delete(StoredToolServer))
    session.add_all(StoredToolServer(name=name, server=to_builtins(each)) for name, each in wanted.tool_servers.items())
    session.flush()


def set_flag_rows(session: Session, flags: Flags) -> None:
    """Set all switches."""
    for name, enabled in to_builtins(flags).items():
        session.merge(FeatureFlag(name=name, enabled=enabled))


def put_row(session: Session, provider: ProviderConfig, now: datetime) -> None:
    """Add ``provider`` behind all others, or change the row of that id.

    Raises :class:`ConflictError` when ``provider.version`` is not the stored one.
    """
    _require_accounts(session, [provider])
    row = session.get(LlmProvider, provider.id)
    if row is None:
        last = session.scalar(select(func.max(LlmProvider.position)))
        row = _new_row(provider.id, 0 if last is None else last + 1, now)
        session.add(row)
    elif row.version != provider.version:
        raise ConflictError("The provider was changed by somebody else")
    else:
        row.version += 1
    _fill(row, provider)
    row.updated_at = now
    session.flush()


def _replace_providers(session: Session, wanted: Sequence[ProviderConfig], now: datetime) -> None:
    _require_accounts(session, wanted)
    rows = {row.id: row for row in session.scalars(select(LlmProvider))}
    before = {each: _provider(row) for each, row in rows.items()}
    names = {each.id: each.name for each in wanted}
    for row in rows.values():
        if row.id not in names:
            session.delete(row)
        elif row.name != names[row.id]:
            row.name = f"\x1a{row.id}"  # names are unique at every moment, and two rows may swap theirs
    session.flush()
    for position, each in enumerate(wanted):
        row = rows.get(each.id) or _new_row(each.id, position, now)
        if each.id not in rows:
            session.add(row)
        elif not _is_same(before[each.id], each):
            row.version += 1
            row.updated_at = now
        row.position = position
        _fill(row, each)
    session.flush()


def _is_same(old: ProviderConfig, new: ProviderConfig) -> bool:
    return structs.replace(new, version=old.version) == old


def _require_accounts(session: Session, rows: Sequence[ProviderConfig]) -> None:
    wanted = {row.account_id for row in rows if row.account_id is not None}
    require_known(session, Account.id, wanted, field="account_id")


def _new_row(id: str, position: int, now: datetime) -> LlmProvider:
    return LlmProvider(id=id, created_at=now, updated_at=now, version=1, position=position)


def _fill(row: LlmProvider, provider: ProviderConfig) -> None:
    row.name = provider.name
    row.provider = provider.kind
    row.model = provider.model
    row.account_id = provider.account_id
    row.is_default = provider.is_default
    row.use_case = provider.use_cases
    row.max_tokens = provider.max_tokens
    row.is_active = provider.is_active
    row.base_url = provider.base_url
    row.capabilities = to_builtins(provider.capabilities)
    row.context_window = provider.context_window
    row.weight = provider.weight
    row.limits = to_builtins(provider.limits)


def _provider(row: LlmProvider) -> ProviderConfig:
    return ProviderConfig(
        id=row.id,
        name=row.name,
        kind=convert(row.provider, ProviderKind),
        model=row.model,
        use_cases=row.use_case,
        max_tokens=row.max_tokens,
        context_window=row.context_window,
        account_id=row.account_id,
        is_default=row.is_default,
        is_active=row.is_active,
        base_url=row.base_url,
        capabilities=convert(row.capabilities, Capabilities),
        weight=row.weight,
        version=row.version,
        limits=_limits(row),
    )


def _limits(row: LlmProvider) -> ProviderLimits:
    """Return the limits of ``row``; those that cannot be read are none, with a warning."""
    try:
        return convert(row.limits, ProviderLimits)
    except ValidationError as error:
        _log.warning("the stored limits of provider %r are left out, they cannot be read: %s", row.name, error)
        return ProviderLimits()


def _load_policies(session: Session) -> MappingProxyType[str, UseCasePolicy]:
    """Return the stored policies; one that cannot be read is left out with a warning, and its use case is plain."""
    # As text: SQLite lets any text into a JSON column, and one bad row would make all of them unreadable.
    rows = session.execute(select(StoredPolicy.use_case, cast(StoredPolicy.policy, Text)))
    policies = {}
    for use_case, text in rows:
        try:
            policies[use_case] = json.decode(text, type=UseCasePolicy)
        except DecodeError as error:
            _log.warning("the stored policy of use case %r is left out, it cannot be read: %s", use_case, error)
    return MappingProxyType(policies)


def _load_tool_servers(session: Session) -> MappingProxyType[str, ToolServer]:
    """Return the stored servers; one that cannot be read is left out with a warning."""
    servers = {}
    for name, text in session.execute(select(StoredToolServer.name, cast(StoredToolServer.server, Text))):
        try:
            servers[name] = json.decode(text, type=ToolServer)
        except DecodeError as error:
            _log.warning("the stored tool server %r is left out, it cannot be read: %s", name, error)
    return MappingProxyType(servers)
