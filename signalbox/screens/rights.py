"""What follows from a person's role alone: which screens and controls to show. Every action checks its right again."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from router_core.security.permissions import allows
from router_core.types import Principal
from signalbox.screens.backend import Control, Screen

__all__ = ["may_control", "may_open"]

_SCREENS: Final[Mapping[Screen, str]] = MappingProxyType(
    {
        "overview": "overview.read",
        "live": "live.read",
        "health": "health.read",
        "audit": "audit.read",
        "budgets": "budgets.read",
        "playground": "playground.use",
        "providers": "providers.read",
        "access": "access.read",
    }
)
_CONTROLS: Final[Mapping[Control, str]] = MappingProxyType(
    {
        "breakers": "breakers.control",
        "drills": "drills.control",
        "metrics": "metrics.reset",
        "export": "audit.export",
        "budgets": "budgets.edit",
        "prices": "prices.edit",
        "topups": "topups.ask",
        "leases": "leases.write_off",
        "cache": "cache.purge",
        "limits": "limits.edit",
    }
)


def may_open(person: Principal, screen: Screen) -> bool:
    """Say whether ``person`` may open ``screen``."""
    return allows(person, _SCREENS[screen])


def may_control(person: Principal, control: Control) -> bool:
    """Say whether ``person`` may do more on a screen than look."""
    return allows(person, _CONTROLS[control])
