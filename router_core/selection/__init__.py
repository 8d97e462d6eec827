"""Which providers may serve a request, in which order, and why not the others. Pure: no clock, no network, no state."""

from router_core.selection.absence import Absence
from router_core.selection.needs import estimate_input_tokens, pictures_in
from router_core.selection.offers import Offer, offers
from router_core.selection.plans import explain, refusal, select
from router_core.selection.signals import Signals
from router_core.selection.standings import is_use_case, target_of

__all__ = [
    "Absence", "Offer", "Signals", "estimate_input_tokens", "explain", "is_use_case", "offers", "pictures_in",
    "refusal", "select", "target_of",
]  # fmt: skip
