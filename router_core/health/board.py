"""What is known of every provider's health: from real calls, active checks, breakers and rests. It calls nobody."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from router_core.clock import Clock
from router_core.errors import sanitize_message
from router_core.health.signs import CheckResult, Signs
from router_core.health.transition_tail import TransitionTail
from router_core.ports import ConfigSource, ProviderHealth
from router_core.types import SILENT_OUTCOMES, HealthWord, ProviderConfig, RequestEvent, Snapshot, UpstreamState
from router_core.types.key_place import is_at_home

__all__ = ["HealthBoard", "HealthRow", "UpstreamStates"]

RECOVERY = timedelta(seconds=60)
MAX_ERROR_CHARS = 120
UNREADABLE = "credential unreadable"
UpstreamStates = Callable[[ProviderConfig], UpstreamState | None]


class HealthRow(Struct, frozen=True, kw_only=True):
    """One provider. ``since`` is when ``word`` began to hold, if known; ``latency_ms`` that of the last good sign."""

    provider: ProviderConfig
    word: HealthWord
    since: datetime | None
    upstream: UpstreamState | None
    last_check: datetime | None
    latency_ms: float | None
    error: str | None


class HealthBoard:
    """Follows finished requests and active checks; a :class:`Recorder` and a :class:`HealthReader`.

    Recording belongs to one event loop; reading is safe from any thread.
    """

    __slots__ = ("_clock", "_config", "_signs", "_tail", "_upstreams")

    def __init__(self, config: ConfigSource, upstreams: UpstreamStates, tail: TransitionTail, clock: Clock) -> None:
        self._config = config
        self._upstreams = upstreams
        self._tail = tail
        self._clock = clock
        self._signs: dict[str, Signs] = {}

    def record(self, event: RequestEvent) -> None:
        """Take what ``event``'s attempts say."""
        for attempt in event.decision.attempts:
            if attempt.outcome == "success":
                self._of(attempt.provider).note_answer(event.timestamp, attempt.latency_ms)
            elif attempt.outcome not in SILENT_OUTCOMES:
                self._of(attempt.provider).note_failure(event.timestamp, attempt.error or attempt.outcome)

    def note_check(self, providers: Iterable[str], result: CheckResult) -> None:
        """Take the result of an active check, which counts for all ``providers`` of the upstream that was asked."""
        for name in providers:
            self._of(name).note_check(result)

    def answered_since(self, providers: Iterable[str], moment: datetime) -> bool:
        """Say whether a real call to one of ``providers`` was answered after ``moment``."""
        for name in providers:
            signs = self._signs.get(name)
            if signs is not None and signs.good_traffic_at is not None and signs.good_traffic_at > moment:
                return True
        return False

    def board(self) -> Sequence[ProviderHealth]:
        """Return one row for each active provider; one whose breaker is not closed is not healthy.

        Anybody may read these, so providers that one account has for itself are left out.
        """
        return [_plain(row) for row in self.rows() if row.provider.is_active and row.provider.account_id is None]

    def rows(self) -> Sequence[HealthRow]:
        """Return one row for each provider, in the configuration's order."""
        snapshot, now = self._config.snapshot(), self._clock.utcnow()
        return [self._row(provider, snapshot, now) for provider in snapshot.providers]

    def _of(self, provider: str) -> Signs:
        signs = self._signs.get(provider)
        if signs is None:
            signs = self._signs[provider] = Signs()
        return signs

    def _row(self, provider: ProviderConfig, snapshot: Snapshot, now: datetime) -> HealthRow:
        signs = self._signs.get(provider.name)
        upstream = self._upstreams(provider) if provider.is_active else None
        word, since = self._judge(provider, snapshot, upstream, signs, now)
        error = _error(upstream, signs)
        if word != "disabled" and upstream is None and _has_key(provider, snapshot):
            word, since, error = "down", None, UNREADABLE
        return HealthRow(
            provider=provider,
            word=word,
            since=since,
            upstream=upstream,
            last_check=None if signs is None else signs.last_at,
            latency_ms=None if signs is None else signs.latency_ms,
            error=error,
        )

    def _judge(
        self,
        provider: ProviderConfig,
        snapshot: Snapshot,
        upstream: UpstreamState | None,
        signs: Signs | None,
        now: datetime,
    ) -> tuple[HealthWord, datetime | None]:
        if not provider.is_active or not snapshot.flags.allows(provider.kind):
            return "disabled", None
        if upstream is not None:
            verdict = _breaker_word(upstream)
            if verdict is not None:
                return verdict, upstream.breaker.changed_at
        shown = ("unknown", None) if signs is None else _shown_by(signs, now)
        if upstream is not None and signs is not None and signs.last_good and self._just_closed(upstream, now):
            # What failed before the breaker closed says nothing about how it is now.
            return "recovering", upstream.breaker.changed_at
        if upstream is not None and shown[0] == "healthy":
            return "healthy", _healthy_since(shown[1], upstream)
        return shown

    def _just_closed(self, upstream: UpstreamState, now: datetime) -> bool:
        newest = self._tail.newest(upstream.id)
        if newest is None or newest.after != "CLOSED" or newest.before == "CLOSED":
            return False
        return now - newest.at < RECOVERY


def _has_key(provider: ProviderConfig, snapshot: Snapshot) -> bool:
    """Say whether a key is stored for where ``provider`` leads, readable or not."""
    held = snapshot.provider_keys.get(provider.id, ())
    return any(key.is_active and is_at_home(key, provider) for key in held)


def _breaker_word(upstream: UpstreamState) -> HealthWord | None:
    """Return what the breaker alone says, None when it is closed."""
    breaker = upstream.breaker
    if breaker.state == "CLOSED":
        return None
    if breaker.state == "HALF_OPEN":
        return "recovering"
    return "down" if breaker.forced is not None or breaker.cooldown_remaining > 0 else "recovering"


def _shown_by(signs: Signs, now: datetime) -> tuple[HealthWord, datetime | None]:
    """Return what calls and checks alone say."""
    if signs.last_good is None:
        return "unknown", None
    if signs.check_failed:
        return "down", signs.since
    if signs.is_failing(now):
        return "failing", signs.failing_since(now)
    return "healthy", signs.since


def _healthy_since(since: datetime | None, upstream: UpstreamState) -> datetime | None:
    return None if since is None else max(since, upstream.breaker.changed_at)


def _error(upstream: UpstreamState | None, signs: Signs | None) -> str | None:
    """Return the last error, safe to show; a rest under way is told with the seconds that it still takes."""
    if upstream is not None and upstream.resting_ms > 0:
        return f"{upstream.resting_reason or 'resting'}, resting {-(-upstream.resting_ms // 1000)} s"
    if signs is None or signs.error is None:
        return None
    return sanitize_message(signs.error)[:MAX_ERROR_CHARS]


def _plain(row: HealthRow) -> ProviderHealth:
    state = "CLOSED" if row.upstream is None else row.upstream.breaker.state
    healthy = None if row.word in ("unknown", "disabled") else row.word not in ("down", "failing") and state == "CLOSED"
    return ProviderHealth(
        provider=row.provider.name,
        healthy=healthy,
        latency_ms=row.latency_ms,
        last_check=row.last_check,
        error=row.error,
        breaker=state,
    )
