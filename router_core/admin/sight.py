"""Which providers a person may know of: those that serve everybody, and those of their own accounts."""

from collections.abc import Callable, Iterable, Sequence

from msgspec import structs

from router_core.admin.views import UpstreamView
from router_core.resilience.upstream import Upstream
from router_core.security.permissions import sees_account
from router_core.types import DrillReport, HealthReport, OperatorAction, Principal, ProviderConfig, UpstreamState

__all__ = ["Sight"]


class Sight:
    """What of ``providers`` is in sight of ``person``; ``upstreams_of`` returns one for each key of a row.

    Names that no provider has any more are in sight: what became of them is history of the installation.
    """

    __slots__ = ("_hidden", "_hidden_upstreams")

    def __init__(
        self,
        person: Principal,
        providers: Iterable[ProviderConfig],
        upstreams_of: Callable[[ProviderConfig], Sequence[Upstream]],
    ) -> None:
        seen: set[str] = set()
        hidden: set[str] = set()
        self._hidden: set[str] = set()
        for row in providers:
            is_seen = sees_account(person, row.account_id)
            if not is_seen:
                self._hidden.add(row.name)
            (seen if is_seen else hidden).update(each.id for each in upstreams_of(row))
        self._hidden_upstreams = hidden - seen

    def provider(self, name: str) -> bool:
        """Say whether the provider ``name`` is in sight."""
        return name not in self._hidden

    def upstream(self, id: str) -> bool:
        """Say whether the upstream ``id`` is in sight: where a provider in sight leads to it, or none at all."""
        return id not in self._hidden_upstreams

    def drills(self, found: Iterable[DrillReport]) -> Sequence[DrillReport]:
        """Return the drills on providers in sight."""
        return [each for each in found if self.provider(each.drill.order.provider)]

    def actions(self, found: Iterable[OperatorAction]) -> Sequence[OperatorAction]:
        """Return the acts on what is in sight."""
        return [each for each in found if self.provider(each.target) and self.upstream(each.target)]

    def upstreams(self, states: Iterable[UpstreamState], names: dict[str, list[str]]) -> Sequence[UpstreamView]:
        """Return the upstreams in sight, each with those of its providers that are."""
        return [
            UpstreamView(state=each, providers=tuple(filter(self.provider, names.get(each.id, ()))))
            for each in states
            if self.upstream(each.id)
        ]

    def board(self, report: HealthReport) -> HealthReport:
        """Return ``report`` with what is in sight; its totals are those of the installation."""
        return structs.replace(
            report,
            providers=tuple(each for each in report.providers if self.provider(each.provider)),
            transitions=tuple(each for each in report.transitions if self.upstream(each.upstream)),
            drills=tuple(self.drills(report.drills)),
        )
