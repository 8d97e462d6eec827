"""Provider configuration on SQL: read whole at one revision, written with the next one."""

from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.hop import StoreHop
from db.models import Account, ConfigState
from db.stores.budget_settings import load_budgets
from db.stores.cache_purges import load_marks
from db.stores.config_history import note_version
from db.stores.config_rows import load_configuration, put_row, set_flag_rows
from db.stores.limit_settings import load_limits
from db.stores.lookups import require_known
from db.stores.prices import load_prices
from db.stores.provider_keys import load_provider_keys
from db.stores.revisions import next_revision
from db.stores.tool_tokens import load_tool_tokens
from router_core.clock import Clock
from router_core.types import NOBODY, Authorship, DefaultBudgets, DefaultLimit, Flags, ProviderConfig, Snapshot

__all__ = ["SqlConfigStore"]


class SqlConfigStore:
    """Reads and writes provider configuration; a :class:`ConfigStore`.

    ``budgets`` and ``limit`` hold for accounts without any of their own.
    """

    def __init__(
        self, hop: StoreHop, clock: Clock, budgets: DefaultBudgets | None = None, limit: DefaultLimit | None = None
    ) -> None:
        self._hop = hop
        self._clock = clock
        self._budgets = budgets or DefaultBudgets()
        self._limit = limit

    async def revision(self) -> int:
        """Return the revision that the store is at."""
        return await self._hop.read(_revision)

    async def load(self) -> Snapshot:
        """Return everything at one revision, providers in their order."""
        now = self._clock.utcnow()
        return await self._hop.read(lambda session: _load(session, self._budgets, self._limit, now))

    async def put_provider(self, provider: ProviderConfig, by: Authorship = NOBODY) -> int:
        """Add ``provider``, or change the one of that id; return the new revision.

        Raises :class:`ValidationError` when the name is taken, the account is unknown or a value is not allowed, and
        :class:`ConflictError` when ``provider.version`` is not the stored one.
        """
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            put_row(session, provider, now)
            note_version(session, revision, now, by)
            return revision

        return await self._hop.write(work)

    async def set_flags(self, flags: Flags, by: Authorship = NOBODY) -> int:
        """Set all switches; return the new revision."""
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            set_flag_rows(session, flags)
            note_version(session, revision, now, by)
            return revision

        return await self._hop.write(work)

    async def keep_personal(self, account_id: str, *, keeps: bool) -> int:
        """Say whether personal data stays in what is stored of an account; return the new revision.

        Raises :class:`ValidationError` when there is no such account.
        """
        return await self._set_account(account_id, redaction="secrets" if keeps else "personal")

    async def keep_content(self, account_id: str, *, keeps: bool) -> int:
        """Allow or forbid that the audit log holds an account's prompts and answers; return the new revision.

        Raises :class:`ValidationError` when there is no such account.
        """
        return await self._set_account(account_id, keeps_content=keeps)

    async def _set_account(self, account_id: str, **values: Any) -> int:
        now = self._clock.utcnow()

        def work(session: Session) -> int:
            revision = next_revision(session, now)
            require_known(session, Account.id, [account_id], field="account_id")
            session.execute(update(Account).where(Account.id == account_id).values(**values))
            return revision

        return await self._hop.write(work)


def _revision(session: Session) -> int:
    return session.scalars(select(ConfigState.revision)).one()


def _load(session: Session, budgets: DefaultBudgets, limit: DefaultLimit | None, now: datetime) -> Snapshot:
    found = load_configuration(session)
    return Snapshot(
        found.providers,
        revision=_revision(session),
        flags=found.flags,
        preferences=MappingProxyType(dict(found.preferences)),
        policies=found.policies,
        content_accounts=frozenset(session.scalars(select(Account.id).where(Account.keeps_content))),
        personal_accounts=frozenset(session.scalars(select(Account.id).where(Account.redaction != "personal"))),
        budgets=load_budgets(session, budgets, now),
        prices=load_prices(session),
        limits=load_limits(session, limit),
        cache_marks=load_marks(session),
        provider_keys=load_provider_keys(session),
        tool_servers=found.tool_servers,
        tool_tokens=load_tool_tokens(session),
    )
