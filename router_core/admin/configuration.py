"""The facade of the routing configuration: read, review, change, compare and roll back, one version at a time."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from msgspec import structs

from router_core.admin.action_trail import ActionTrail
from router_core.admin.acts import act_of
from router_core.admin.configuration_acts import change_act, checked_note, line_of, refused_act
from router_core.admin.configuration_conflicts import checked_base, row_conflict, version_conflict
from router_core.admin.configuration_review import Reviewer
from router_core.admin.configuration_rows import guarded, row_called, sound, with_row
from router_core.admin.configuration_views import (
    Applied,
    Comparison,
    ConnectionResult,
    CurrentConfig,
    DraftView,
    ProviderView,
    Review,
    VersionPage,
)
from router_core.admin.provider_key_views import KeyView
from router_core.clock import Clock
from router_core.configuration.changes import changes_between
from router_core.configuration.documents import document_of, provider_document
from router_core.configuration.findings import WrongConfigurationError
from router_core.configuration.reading import read_configuration, read_provider
from router_core.configuration.upstream_rule import UpstreamRule
from router_core.errors import ConflictError, NotFoundError, OverloadedError, ValidationError
from router_core.errors.sanitizer import without_secrets
from router_core.ports import AccountStore, ConfigDrafts, ConfigSource, ConfigVersions
from router_core.security.permissions import require
from router_core.types import (
    Authorship,
    ConfigDraft,
    Configuration,
    ConfigVersion,
    Finding,
    OperatorAction,
    Principal,
    ProviderConfig,
)

__all__ = ["ConfigurationDesk", "ConfigurationParts"]

MOST_VERSIONS: Final = 200
MOST_TRIES: Final = 8
RETRY_MS: Final = 500
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationParts:
    """What :class:`ConfigurationDesk` works on.

    ``stored`` follows the store, ``served`` has the environment's switches laid over it; ``refresh`` makes a change
    felt in this process at once, ``ask`` makes the smallest call to a row with a key, ``key`` says whence.
    """

    stored: ConfigSource
    served: ConfigSource
    versions: ConfigVersions
    drafts: ConfigDrafts
    accounts: AccountStore
    key: Callable[[ProviderConfig], KeyView]
    upstreams: UpstreamRule
    ask: Callable[[ProviderConfig], Awaitable[ConnectionResult]]
    trail: ActionTrail
    refresh: Callable[[], Awaitable[object]]
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Wish:
    """A configuration that somebody wants, and what it is called on record."""

    configuration: Configuration
    verb: str
    target: str
    note: str
    restored: int | None = None


class ConfigurationDesk:
    """What people see and do about providers, use cases and switches.

    Every method raises :class:`ForbiddenError` when ``person``'s role does not allow it. Whatever changes something
    raises :class:`WrongConfigurationError` with all faults, and :class:`ConflictError` when somebody else changed it
    meanwhile; then nothing is changed.
    """

    __slots__ = ("_parts", "_reviewer")

    def __init__(self, parts: ConfigurationParts) -> None:
        self._parts = parts
        self._reviewer = Reviewer(parts.stored, parts.refresh, parts.accounts, parts.upstreams, parts.clock)

    @property
    def serving(self) -> int:
        """The revision that this process serves; for whoever measures."""
        return self._parts.served.snapshot().revision

    # --- reading ---------------------------------------------------------------------------------------------------

    async def current(self, person: Principal) -> CurrentConfig:
        """Return the document in force."""
        require(person, "providers.read")
        serving = self.serving
        current, revision = await self._reviewer.now()
        return CurrentConfig(
            revision=revision,
            serving=serving,
            version=line_of(await self._version(None)),
            document=document_of(current),
            flags_in_force=self._parts.served.snapshot().flags,
        )

    async def providers(self, person: Principal) -> tuple[ProviderView, ...]:
        """Return every row, in the order in which equal candidates are tried."""
        require(person, "providers.read")
        current, _ = await self._reviewer.now()
        return tuple(self._view(row) for row in current.providers)

    async def provider(self, name: str, person: Principal) -> ProviderView:
        """Return the row called ``name``. Raises :class:`NotFoundError`."""
        require(person, "providers.read")
        current, _ = await self._reviewer.now()
        return self._view(row_called(current, name))

    # --- one row, and the switches ---------------------------------------------------------------------------------

    async def add_provider(self, entry: Document, person: Principal, note: str = "") -> Applied:
        """Add a row. Raises :class:`ConflictError` when there is one of that name."""
        require(person, "providers.edit")

        def add(current: Configuration) -> Configuration:
            row = self._read_row(entry, None)
            if any(each.name == row.name for each in current.providers):
                raise ConflictError("There is a provider of that name already")
            return structs.replace(current, providers=(*current.providers, row))

        return await self._amend(add, "provider.added", str(entry.get("name", "")), person, note)

    async def change_provider(
        self, name: str, entry: Document, version: int, person: Principal, note: str = ""
    ) -> Applied:
        """Replace the row called ``name``, of which ``version`` was read; it keeps its id and its keys.

        Raises :class:`NotFoundError`.
        """
        require(person, "providers.edit")

        def change(current: Configuration) -> Configuration:
            old = guarded(current, name, version)
            return with_row(current, old, self._read_row(entry, old))

        return await self._amend(change, "provider.changed", name, person, note)

    async def delete_provider(self, name: str, version: int, person: Principal, note: str = "") -> Applied:
        """Remove the row called ``name``, of which ``version`` was read; what is on record about it stays.

        Raises :class:`NotFoundError`.
        """
        require(person, "providers.edit")

        def delete(current: Configuration) -> Configuration:
            return with_row(current, guarded(current, name, version), None)

        return await self._amend(delete, "provider.deleted", name, person, note)

    async def set_flags(self, flags: Document, person: Principal, note: str = "") -> Applied:
        """Set the switches that ``flags`` names, and leave the others as they are."""
        require(person, "providers.edit")

        def change(current: Configuration) -> Configuration:
            wanted = {**document_of(current)["flags"], **flags}
            found, findings = read_configuration({"flags": wanted}, current, self._reviewer.new_id)
            if found is None:
                raise WrongConfigurationError(findings)
            return found

        return await self._amend(change, "flags.set", "flags", person, note)

    # --- whole documents -------------------------------------------------------------------------------------------

    async def review(self, document: Any, person: Principal) -> Review:
        """Return everything that is wrong with ``document``, and what it would change; changes nothing."""
        require(person, "providers.read")
        return (await self._reviewer.review(document))[0]

    async def apply(
        self, document: Any, person: Principal, *, base: int | None = None, note: str = "", dry_run: bool = False
    ) -> Applied:
        """Put ``document`` in force in every process within 2 s, all or nothing.

        ``base`` is the revision that it was made from, None for whatever is in force. What is in force already is no
        conflict, but a base that this store never had is. With ``dry_run`` everything is looked at and nothing changed.
        """
        require(person, "providers.edit")
        review, wanted, revision = await self._reviewer.review(document)
        wish = _Wish(sound(wanted, review), "configuration.applied", "configuration", checked_note(note))
        return await self._put(wish, review, checked_base(base, revision), person, dry_run=dry_run)

    async def rollback(self, revision: int, person: Principal, *, base: int | None = None, note: str = "") -> Applied:
        """Put the document in force again that was so at ``revision``, as a new version.

        Rows keep the keys that they have now. Raises :class:`NotFoundError`.
        """
        require(person, "providers.edit")
        version = await self._version(revision)
        review, wanted, newest = await self._reviewer.review(version.document)
        said = checked_note(note) or f"Back to revision {version.revision}"
        wish = _Wish(
            sound(wanted, review), "configuration.rolled_back", f"revision {version.revision}", said, version.revision
        )
        return await self._put(wish, review, checked_base(base, newest), person)

    # --- history ---------------------------------------------------------------------------------------------------

    async def versions(self, person: Principal, *, before: int | None = None, limit: int = 50) -> VersionPage:
        """Return versions older than revision ``before``, newest first. Raises :class:`ValidationError` for a limit
        outside 1 to 200.
        """
        require(person, "providers.read")
        if not 1 <= limit <= MOST_VERSIONS:
            raise ValidationError(f"limit must be within 1 and {MOST_VERSIONS}", field="limit")
        found = await self._parts.versions.page(before, limit + 1)
        more = found[limit - 1].revision if len(found) > limit else None
        return VersionPage(versions=tuple(found[:limit]), next=more)

    async def version(self, revision: int, person: Principal) -> ConfigVersion:
        """Return the version that was in force at ``revision``. Raises :class:`NotFoundError`."""
        require(person, "providers.read")
        return await self._version(revision)

    async def compare(self, old: int, new: int | None, person: Principal) -> Comparison:
        """Return what changed from ``old`` to ``new``, None for what is in force. Raises :class:`NotFoundError`."""
        require(person, "providers.read")
        before, after = await self._version(old), await self._version(new)
        return Comparison(
            old=line_of(before), new=line_of(after), changes=changes_between(before.document, after.document)
        )

    # --- drafts ----------------------------------------------------------------------------------------------------

    async def draft(self, person: Principal) -> DraftView | None:
        """Return the person's own draft with its review, None when there is none."""
        require(person, "providers.edit")
        draft = await self._parts.drafts.draft(person.id)
        return None if draft is None else await self._draft_view(draft)

    async def keep_draft(self, document: Document, base: int, person: Principal, note: str = "") -> DraftView:
        """Keep what the person is writing on, right or wrong, in place of their last draft; nothing is in force.

        What looks like a secret is masked in it: no field of the document is a place for one.
        """
        require(person, "providers.edit")
        checked_base(base, (await self._reviewer.now())[1])
        kept = without_secrets(document)
        draft = ConfigDraft(base=base, document=kept, saved_at=self._parts.clock.utcnow(), note=checked_note(note))
        await self._parts.drafts.keep_draft(person.id, draft)
        return await self._draft_view(draft)

    async def drop_draft(self, person: Principal) -> bool:
        """Forget the person's draft; return whether there was one."""
        require(person, "providers.edit")
        return await self._parts.drafts.drop_draft(person.id)

    async def apply_draft(self, person: Principal, note: str = "") -> Applied:
        """Put the person's draft in force, then forget it. Raises :class:`NotFoundError` without one."""
        require(person, "providers.edit")
        draft = await self._parts.drafts.draft(person.id)
        if draft is None:
            raise NotFoundError("You have no draft")
        applied = await self.apply(draft.document, person, base=draft.base, note=note or draft.note)
        await self._parts.drafts.drop_draft(person.id)
        return applied

    # --- connections -----------------------------------------------------------------------------------------------

    async def test_provider(self, name: str, person: Principal) -> ConnectionResult:
        """Make the smallest call to the row called ``name`` and say how it ended, within 5 s; billed to nobody.

        Raises :class:`NotFoundError`.
        """
        require(person, "providers.edit")
        current, _ = await self._reviewer.now()
        return await self._ask(row_called(current, name), person)

    async def test_entry(self, entry: Document, person: Principal) -> ConnectionResult:
        """The same for a row that is not saved; one of a known id or name uses that row's key."""
        require(person, "providers.edit")
        current, _ = await self._reviewer.now()
        known = [row for row in current.providers if entry.get("id") == row.id or entry.get("name") == row.name]
        row = self._read_row(entry, known[0] if known else None)
        fault = None if row.base_url is None else self._parts.upstreams.fault(row.kind, row.base_url)
        if fault is not None:
            raise WrongConfigurationError([Finding(path=f"providers[{row.name}].baseUrl", message=fault)])
        return await self._ask(row, person)

    # --- inside ----------------------------------------------------------------------------------------------------

    async def _version(self, revision: int | None) -> ConfigVersion:
        found = await self._parts.versions.find(revision)
        if found is None:
            raise NotFoundError("There is no such version of the configuration")
        return found

    async def _draft_view(self, draft: ConfigDraft) -> DraftView:
        review, _, _ = await self._reviewer.review(draft.document)
        newest = await self._version(None)
        return DraftView(draft=draft, review=review, stale=newest.revision > draft.base)

    async def _amend(
        self, change: Callable[[Configuration], Configuration], verb: str, target: str, person: Principal, note: str
    ) -> Applied:
        """Make ``change`` on what is in force; when something else changes meanwhile, make it on that."""
        said = checked_note(note)
        for _ in range(MOST_TRIES):
            current, revision = await self._reviewer.now()
            try:
                wanted = change(current)
            except ConflictError as error:
                raise await row_conflict(self._parts.versions, target, error) from None
            review, judged, _ = await self._reviewer.judge(current, wanted, revision)
            wish = _Wish(sound(judged, review), verb, target, said)
            newest = await self._version(None)
            if newest.revision <= revision:
                try:
                    return await self._put(wish, review, revision, person)
                except ConflictError:
                    continue
        raise OverloadedError("The configuration is being changed too often", retry_after_ms=RETRY_MS)

    async def _put(
        self, wish: _Wish, review: Review, base: int, person: Principal, *, dry_run: bool = False
    ) -> Applied:
        parts = self._parts
        warnings = tuple(each for each in review.findings if each.severity == "warning")
        applied = Applied(
            revision=review.revision, changed=bool(review.changes), changes=review.changes, warnings=warnings,
            dry_run=dry_run,
        )  # fmt: skip
        if not review.changes:
            return applied
        newest = await self._version(None)
        if newest.revision > base:
            raise await version_conflict(parts.versions, base, newest)
        if dry_run:
            return applied
        act = change_act(person, wish.verb, wish.target, review.changes, parts.clock, note=wish.note)
        await parts.trail.require(act)
        by = Authorship(actor=person.name, note=wish.note)
        try:
            # What was put in force after the review was seen by nobody, whatever the base.
            held = min(base, review.revision)
            revision = await parts.versions.apply(wish.configuration, held, by, wish.restored)
        except ConflictError:
            await parts.trail.report(refused_act(act, parts.clock))
            raise await version_conflict(parts.versions, base, await self._version(None)) from None
        await parts.refresh()
        return structs.replace(applied, revision=revision)

    def _read_row(self, entry: Document, old: ProviderConfig | None) -> ProviderConfig:
        row, findings = read_provider(entry, old, self._reviewer.new_id)
        if row is None:
            raise WrongConfigurationError(findings)
        return row

    def _view(self, row: ProviderConfig) -> ProviderView:
        return ProviderView(entry=provider_document(row), version=row.version, key=self._parts.key(row))

    async def _ask(self, row: ProviderConfig, person: Principal) -> ConnectionResult:
        act: OperatorAction = act_of(person, "provider.tested", row.name, self._parts.clock)
        await self._parts.trail.require(act)
        return await self._parts.ask(row)
