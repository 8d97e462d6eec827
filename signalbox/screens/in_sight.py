"""Which providers and use cases a person may find in figures: those of everybody, and those of their own accounts."""

from collections.abc import Iterable

from msgspec import structs

from router_core.errors import NotFoundError
from router_core.security.permissions import sees_account
from router_core.types import (
    EVERY_ACCOUNT,
    STANDARD_USE_CASES,
    MetricRow,
    MetricsFilter,
    MetricsReport,
    Principal,
    ProviderConfig,
    Snapshot,
)

__all__ = ["refuse_hidden", "report_in_sight", "rows_in_sight"]


def rows_in_sight(snapshot: Snapshot, person: Principal) -> list[ProviderConfig]:
    """Return the providers that ``person`` may know of."""
    return [each for each in snapshot.providers if sees_account(person, each.account_id)]


def report_in_sight(report: MetricsReport, snapshot: Snapshot, person: Principal) -> MetricsReport:
    """Return ``report`` with the rows that are for ``person``; its totals are those of the installation.

    Whose a provider was that is there no more cannot be told, so only heads of the installation see its row.
    """
    if person.role in EVERY_ACCOUNT:
        return report
    providers, use_cases = _names(snapshot, person)
    return structs.replace(
        report, providers=_those(report.providers, providers), use_cases=_those(report.use_cases, use_cases)
    )


def refuse_hidden(chosen: MetricsFilter, snapshot: Snapshot, person: Principal) -> None:
    """Raise :class:`NotFoundError` where ``chosen`` names a provider or use case that is not for ``person``."""
    if person.role in EVERY_ACCOUNT:
        return
    providers, use_cases = _names(snapshot, person)
    if not {chosen.provider or ""} <= providers or not {chosen.use_case or ""} <= use_cases:
        raise NotFoundError("There is no such provider or use case")


def _names(snapshot: Snapshot, person: Principal) -> tuple[set[str], set[str]]:
    """Return the names of providers and use cases that ``person`` may read; ``""`` stands for none."""
    seen = rows_in_sight(snapshot, person)
    return {"", *(each.name for each in seen)}, {
        "", *STANDARD_USE_CASES, *(name for each in seen for name in each.use_cases),
    }  # fmt: skip


def _those(rows: Iterable[MetricRow], names: set[str]) -> tuple[MetricRow, ...]:
    return tuple(each for each in rows if each.name in names)
