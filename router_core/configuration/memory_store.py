"""The configuration store in memory, with the same answers as the real one."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from msgspec import structs

from router_core.clock import Clock, SystemClock
from router_core.configuration.documents import configuration_of, document_of
from router_core.errors import ConflictError
from router_core.ports.keeping import as_kept, refuse
from router_core.types import (
    NOBODY,
    Authorship,
    CacheMarks,
    ConfigDraft,
    ConfigLine,
    Configuration,
    ConfigVersion,
    Flags,
    ProviderConfig,
    ProviderKey,
    ProviderKeys,
    Snapshot,
    ToolServer,
    ToolToken,
    UseCasePolicy,
)
from router_core.types.use_case import is_use_case_name

__all__ = ["FIRST", "MemoryConfigStore"]

FIRST = Authorship(note="The standard configuration")


class Accounts(Protocol):
    """Knows which accounts there are."""

    def holds(self, ids: Iterable[str]) -> bool:
        """Say whether every one of ``ids`` is an account's."""
        ...


class MemoryConfigStore:
    """Keeps the configuration; everything that :class:`ConfigStore` and its sister ports ask for.

    It starts with ``providers`` at revision 1.
    """

    def __init__(
        self, accounts: Accounts, providers: Iterable[ProviderConfig] = (), clock: Clock | None = None
    ) -> None:
        self._accounts = accounts
        self._clock = clock or SystemClock()
        self._snapshot = Snapshot(providers, revision=1)
        self._versions: list[ConfigVersion] = []
        self._drafts: dict[str, ConfigDraft] = {}
        self._note_version(FIRST)

    def snapshot(self) -> Snapshot:
        """Return what is in force; so the store is a :class:`ConfigSource` too."""
        return self._snapshot

    async def revision(self) -> int:
        """Return the revision that the store is at."""
        return self._snapshot.revision

    async def load(self) -> Snapshot:
        """Return everything at one revision, providers in their order."""
        return self._snapshot

    async def keep_content(self, account_id: str, *, keeps: bool) -> int:
        """Allow or forbid that the audit log holds an account's prompts and answers; return the new revision."""
        refuse(not self._accounts.holds([account_id]), "account_id", "names nothing that exists")
        old = self._snapshot.content_accounts
        return self._swap(content_accounts=old | {account_id} if keeps else old - {account_id})

    async def keep_personal(self, account_id: str, *, keeps: bool) -> int:
        """Say whether personal data stays in what is stored of an account; return the new revision."""
        refuse(not self._accounts.holds([account_id]), "account_id", "names nothing that exists")
        old = self._snapshot.personal_accounts
        return self._swap(personal_accounts=old | {account_id} if keeps else old - {account_id})

    async def purge(self, account_id: str | None, use_case: str | None) -> int:
        """Put what is kept of an account and a use case, None for any, out of reach; return the new revision.

        Raises :class:`ValidationError` for an account that does not exist and a name that no use case has.
        """
        refuse(use_case is not None and not is_use_case_name(use_case), "use_case", "is not allowed")
        known = account_id is None or self._accounts.holds([account_id])
        refuse(not known, "account_id", "names nothing that exists")
        part, old = (account_id or "", use_case or ""), self._snapshot.cache_marks
        return self._swap(cache_marks=MappingProxyType({**old, part: old.get(part, 0) + 1}))

    async def put_provider(self, provider: ProviderConfig, by: Authorship = NOBODY) -> int:
        """Add ``provider``, or change the one of that id; return the new revision.

        Raises :class:`ValidationError` when the name is taken, the account is unknown or a value is not allowed, and
        :class:`ConflictError` when ``provider.version`` is not the stored one.
        """
        self._check(provider)
        rows = {row.id: row for row in self._snapshot.providers}
        old = rows.get(provider.id)
        if old is not None and old.version != provider.version:
            raise ConflictError("The provider was changed by somebody else", revision=self._snapshot.revision)
        others = (row.name for row in rows.values() if row.id != provider.id)
        refuse(provider.name in others, "name", "is already taken")
        rows[provider.id] = structs.replace(provider, version=1 if old is None else old.version + 1)
        return self._swap(by, providers=rows.values())

    async def set_flags(self, flags: Flags, by: Authorship = NOBODY) -> int:
        """Set all switches; return the new revision."""
        return self._swap(by, flags=flags)

    async def put_policy(
        self, use_case: str, policy: UseCasePolicy | None, by: Authorship = NOBODY, base: int | None = None
    ) -> int:
        """Set the policy of ``use_case``, or with None go back to the default; return the new revision.

        Raises :class:`ValidationError` for a name that no request could carry, :class:`ConflictError` when a version
        newer than ``base`` is in force.
        """
        refuse(not is_use_case_name(use_case), "use_case", "is not allowed")
        self._refuse_overtaken(base)
        policies = {name: each for name, each in self._snapshot.policies.items() if name != use_case}
        if policy is not None:
            policies[use_case] = policy
        return self._swap(by, policies=policies)

    async def apply(self, configuration: Configuration, base: int, by: Authorship, restored: int | None = None) -> int:
        """Put ``configuration`` in force; see :class:`ConfigVersions`."""
        for row in configuration.providers:
            self._check(row)
        names = [row.name for row in configuration.providers]
        refuse(len(set(names)) < len(names), "name", "is already taken")
        if document_of(configuration) == self._versions[-1].document:
            return self._snapshot.revision
        self._refuse_overtaken(base)
        return self._swap(
            by,
            restored=restored,
            providers=self._succeeding(configuration.providers),
            flags=configuration.flags,
            policies=configuration.policies,
            preferences=configuration.preferences,
            tool_servers=configuration.tool_servers,
        )

    async def page(self, before: int | None, limit: int) -> Sequence[ConfigLine]:
        """Return at most ``limit`` versions older than revision ``before``, newest first."""
        older = [each for each in reversed(self._versions) if before is None or each.revision < before]
        names = ConfigLine.__struct_fields__
        return [ConfigLine(**{name: getattr(each, name) for name in names}) for each in older[:limit]]

    async def find(self, revision: int | None = None) -> ConfigVersion | None:
        """Return the version that was in force at ``revision``; see :class:`ConfigVersions`."""
        if revision is not None and revision > self._snapshot.revision:
            return None
        return next((each for each in reversed(self._versions) if revision is None or each.revision <= revision), None)

    def swap_keys(self, keys: Sequence[ProviderKey]) -> int:
        """Put ``keys`` in the place of all that are stored; return the new revision."""
        found: dict[str, tuple[ProviderKey, ...]] = {}
        for each in sorted(keys, key=lambda key: (key.created_at, key.id)):
            found[each.provider_id] = (*found.get(each.provider_id, ()), each)
        return self._swap(keys=found)

    def swap_tokens(self, tokens: Mapping[str, ToolToken]) -> int:
        """Put ``tokens`` in the place of all that are stored; return the new revision."""
        return self._swap(tool_tokens=tokens)

    async def draft(self, person_id: str) -> ConfigDraft | None:
        """Return the person's draft."""
        return self._drafts.get(person_id)

    async def keep_draft(self, person_id: str, draft: ConfigDraft) -> None:
        """Keep ``draft`` in place of the person's last one."""
        self._drafts[person_id] = draft

    async def drop_draft(self, person_id: str) -> bool:
        """Forget the person's draft; return whether there was one."""
        return self._drafts.pop(person_id, None) is not None

    def _refuse_overtaken(self, base: int | None) -> None:
        newest = self._versions[-1].revision
        if base is not None and newest > base:
            raise ConflictError("The configuration was changed by somebody else", revision=newest)

    def _check(self, provider: ProviderConfig) -> None:
        as_kept(provider)
        known = provider.account_id is None or self._accounts.holds([provider.account_id])
        refuse(not known, "account_id", "names nothing that exists")
        refuse(not provider.name, "name", "is not allowed")
        refuse(provider.max_tokens < 1, "max_tokens", "is not allowed")
        refuse(provider.context_window < provider.max_tokens, "context_window", "is not allowed")
        refuse(provider.weight < 0, "weight", "is not allowed")

    def _succeeding(self, rows: Iterable[ProviderConfig]) -> list[ProviderConfig]:
        """Return ``rows`` with the counters of those that they succeed."""
        stored = {row.id: row for row in self._snapshot.providers}
        made = []
        for row in rows:
            old = stored.get(row.id)
            if old is None:
                made.append(structs.replace(row, version=1))
                continue
            same = structs.replace(row, version=old.version)
            made.append(same if same == old else structs.replace(same, version=old.version + 1))
        return made

    def _swap(  # noqa: PLR0913 - one for each part of the configuration
        self,
        by: Authorship = NOBODY,
        *,
        restored: int | None = None,
        providers: Iterable[ProviderConfig] | None = None,
        flags: Flags | None = None,
        policies: Mapping[str, UseCasePolicy] | None = None,
        preferences: Mapping[str, str] | None = None,
        content_accounts: frozenset[str] | None = None,
        personal_accounts: frozenset[str] | None = None,
        cache_marks: CacheMarks | None = None,
        keys: ProviderKeys | None = None,
        tool_servers: Mapping[str, ToolServer] | None = None,
        tool_tokens: Mapping[str, ToolToken] | None = None,
    ) -> int:
        old = self._snapshot
        rows = old.providers if providers is None else tuple(providers)
        self._snapshot = Snapshot(
            rows,
            revision=old.revision + 1,
            flags=flags or old.flags,
            preferences=old.preferences if preferences is None else MappingProxyType(dict(preferences)),
            policies=old.policies if policies is None else MappingProxyType(dict(policies)),
            content_accounts=old.content_accounts if content_accounts is None else content_accounts,
            cache_marks=old.cache_marks if cache_marks is None else cache_marks,
            personal_accounts=old.personal_accounts if personal_accounts is None else personal_accounts,
            provider_keys=_of_rows(old.provider_keys if keys is None else keys, rows),
            tool_servers=old.tool_servers if tool_servers is None else MappingProxyType(dict(tool_servers)),
            tool_tokens=old.tool_tokens if tool_tokens is None else MappingProxyType(dict(tool_tokens)),
        )
        self._note_version(by, restored)
        return self._snapshot.revision

    def _note_version(self, by: Authorship, restored: int | None = None) -> None:
        document = document_of(configuration_of(self._snapshot))
        last = self._versions[-1] if self._versions else None
        if last is not None and last.document == document:
            return
        self._versions.append(
            ConfigVersion(
                revision=self._snapshot.revision, at=self._clock.utcnow(), actor=by.actor, note=by.note,
                base=0 if last is None else last.revision, restored=restored, document=document,
            )
        )  # fmt: skip


def _of_rows(keys: ProviderKeys, rows: Sequence[ProviderConfig]) -> ProviderKeys:
    """Return the keys of those providers that are there."""
    ids = {row.id for row in rows}
    return MappingProxyType({provider: held for provider, held in keys.items() if provider in ids})
