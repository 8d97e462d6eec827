"""What roles and states of people are called on the screen."""

from collections.abc import Mapping
from typing import Final

from router_core.types import PersonRole, Principal

__all__ = ["ROLES", "STATES", "WHAT_ROLES_DO", "role_name"]

ROLES: Final[Mapping[PersonRole, str]] = {
    "owner": "Owner",
    "admin": "Admin",
    "operator": "Operator",
    "prompt_engineer": "Prompt engineer",
    "analyst": "Analyst",
    "viewer": "Viewer",
}
WHAT_ROLES_DO: Final[Mapping[PersonRole, str]] = {
    "owner": "Everything, and alone may remove admins and delete accounts.",
    "admin": "Everything but removing admins and owners and deleting accounts.",
    "operator": "Overview, live figures, health, breakers and drills.",
    "prompt_engineer": "Overview, playground and lab.",
    "analyst": "Overview, budgets to read, audit log, exports and what-if.",
    "viewer": "Overview alone.",
}
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "active": ("active", "green"),
    "invited": ("invited", "blue"),
    "first_password": ("first password", "orange"),
    "disabled": ("disabled", "gray"),
}


def role_name(person: Principal) -> str:
    """Return what the role of ``person`` is called."""
    return next((name for role, name in ROLES.items() if role == person.role), person.role)
