"""Opens what keeps answers under idempotency keys: Redis where there is one, else the store; sealed in both."""

from typing import TYPE_CHECKING

from router_core.idempotency.answers import LEASE_MARGIN_S, IdempotentAnswers
from signalbox.ground import Ground

if TYPE_CHECKING:
    from router_core.ports.idempotency import AnswerStore

__all__ = ["open_answers"]


def open_answers(ground: Ground) -> IdempotentAnswers:
    """Return what all processes on one store, or one Redis, share."""
    store: AnswerStore = ground.store.answers
    if ground.redis is not None:
        from router_core.idempotency.redis_answers import RedisAnswers  # the client is loaded by those who have a Redis

        store = RedisAnswers(ground.redis)
    lease_s = ground.settings.request_timeout_s + LEASE_MARGIN_S
    return IdempotentAnswers(store, ground.root.derive("idempotent answers"), lease_s)
