"""Provider configuration on SQL: read whole at one revision, written with the next one."""

from datetime import datetime
from types import MappingProxyType

from msgspec import convert, to_builtins
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.models import Account, ConfigState, FeatureFlag, LlmProvider, UseCasePreference
from db.stores.budget_settings import load_budgets
from db.stores.lookups import require_known
from db.stores.prices import load_prices
from db.stores.revisions import next_revision
from db.stores.use_cases import load_policies
from router_core.clock import Clock
from router_core.errors import ValidationError
from router_core.types import (
    Capabilities,
    DefaultBudgets,
    Flags,
    ProviderConfig,
    ProviderKind,
    ProviderLimits,
    Snapshot,
)

__all__ = ["SqlConfigStore"]


class SqlConfigStore:
    """Reads and writes provider configuration; a :class:`ConfigStore`.

    ``budgets`` hold for accounts without budgets of their own.
    """

    def __init__(self, hop: StoreHop, clock: Clock, budgets: DefaultBudgets | None = None) -> None:
        self._hop = hop
        self._clock = clock
        self._budgets = budgets or DefaultBudgets()

    async def revision(self) -> int:
        """Return the revision that the store is at."""
        return await self._hop.read(_revision)

    async def load(self) -> Snapshot:
        """Return everything at one revision, providers oldest first."""
        now = self._clock.utcnow()
        return await self._hop.read(lambda session: _load(session, self._budgets, now))

    async def put_provider(self, provider: ProviderConfig) -> int:
        """Add ``provider``, or change the one of that id; return the new revision.

        Raises :class:`ValidationError` when the name is taken, the account is unknown, a value is not allowed, or
        ``provider.version`` is not the stored one: somebody else has changed it since it was read.
        """
        now = self._clock.utcnow()
        return await self._hop.write(lambda session: _put_provider(session, provider, now))

    async def set_flags(self, flags: Flags) -> int:
        """Set all switches; return the new revision."""
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            for name, enabled in to_builtins(flags).items():
                session.merge(FeatureFlag(name=name, enabled=enabled))
            return revision

        return await self._hop.write(work)

    async def keep_content(self, account_id: str, *, keeps: bool) -> int:
        """Allow or forbid that the audit log holds an account's prompts and answers; return the new revision.

        Raises :class:`ValidationError` when there is no such account.
        """
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            require_known(session, Account.id, [account_id], field="account_id")
            session.execute(update(Account).where(Account.id == account_id).values(keeps_content=keeps))
            return revision

        return await self._hop.write(work)


def _revision(session: Session) -> int:
    return session.scalars(select(ConfigState.revision)).one()


def _load(session: Session, budgets: DefaultBudgets, now: datetime) -> Snapshot:
    flags = {row.name: row.enabled for row in session.scalars(select(FeatureFlag))}
    preferences = {row.use_case: row.model for row in session.scalars(select(UseCasePreference))}
    providers = session.scalars(select(LlmProvider).order_by(LlmProvider.created_at, LlmProvider.id))
    return Snapshot(
        [_provider(row) for row in providers],
        revision=_revision(session),
        flags=convert(flags, Flags),
        preferences=MappingProxyType(preferences),
        policies=load_policies(session),
        content_accounts=frozenset(session.scalars(select(Account.id).where(Account.keeps_content))),
        budgets=load_budgets(session, budgets, now),
        prices=load_prices(session),
    )


def _put_provider(session: Session, provider: ProviderConfig, now: datetime) -> int:
    revision = next_revision(session, now)
    if provider.account_id is not None:
        require_known(session, Account.id, [provider.account_id], field="account_id")
    row = session.get(LlmProvider, provider.id)
    if row is None:
        row = LlmProvider(id=provider.id, created_at=now, version=1)
        session.add(row)
    elif row.version != provider.version:
        raise ValidationError("The provider was changed by somebody else", field="version")
    else:
        row.version += 1
    _fill(row, provider)
    row.updated_at = now
    return revision


def _fill(row: LlmProvider, provider: ProviderConfig) -> None:
    row.name = provider.name
    row.provider = provider.kind
    row.model = provider.model
    row.api_key_encrypted = provider.sealed_key
    row.key_version = provider.key_version
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
        sealed_key=row.api_key_encrypted,
        key_version=row.key_version,
        capabilities=convert(row.capabilities, Capabilities),
        weight=row.weight,
        version=row.version,
        limits=convert(row.limits, ProviderLimits),
    )
