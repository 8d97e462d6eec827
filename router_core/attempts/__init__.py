"""The calls of one request: repeats, failover, hedges and resumed streams, each closed exactly once."""

from router_core.attempts.attempts import Attempts
from router_core.attempts.facts import RequestFacts
from router_core.attempts.payment import Asked, Payment
from router_core.attempts.policy import AttemptPolicy
from router_core.attempts.steps_taken import StepsTaken
from router_core.attempts.trail import Trail

__all__ = ["Asked", "AttemptPolicy", "Attempts", "Payment", "RequestFacts", "StepsTaken", "Trail"]
