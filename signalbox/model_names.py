"""Which names stand for one model, and who sells it: by the matchers of the genai-prices package."""

from typing import Any

from router_core.cost.reconciliation import CanonicalModel, KnownModel
from router_core.types import model_family
from signalbox.prices import vendor_models

__all__ = ["catalogue_models"]


def catalogue_models() -> CanonicalModel:
    """Return the one name of any name of a model: a model that nobody knows keeps its own, without its date.

    The first call reads the catalogue, some tenths of a second.
    """
    catalogue: list[tuple[str, Any]] = []

    def canonical(name: str) -> KnownModel:
        if not catalogue:
            catalogue.extend(vendor_models())
        wanted = "-".join(name.lower().split())
        # Costs of Anthropic come by names for people: Claude Haiku 4.5.
        for spelling in dict.fromkeys((wanted, wanted.replace(".", "-"))):
            for vendor, info in catalogue:
                if info.is_match(spelling):
                    return KnownModel(vendor, info.id)
        return KnownModel("", model_family(wanted))

    return canonical
