"""The part of the description that is about people, accounts and sessions."""

from typing import Any, Final

from router_core.admin.people_views import (
    AccessOrder,
    AccountChange,
    AccountOrder,
    AccountView,
    Handover,
    PersonChange,
    PersonOrder,
    PersonView,
    SessionView,
)
from router_core.api.admin_accounts import AccountList
from router_core.api.admin_people import Ended, PeopleList, SessionList
from router_core.api.openapi_shapes import Shapes

__all__ = ["PEOPLE_TYPES", "people_paths"]

PEOPLE_TYPES: Final[tuple[type, ...]] = (
    PeopleList, PersonView, PersonOrder, PersonChange, AccessOrder, Handover, SessionList, SessionView, Ended,
    AccountList, AccountView, AccountOrder, AccountChange,
)  # fmt: skip


def people_paths(shapes: Shapes) -> dict[str, Any]:
    """Return the paths."""
    act = shapes.act
    return {
        "/api/admin/users": {
            "get": act("All people", PeopleList),
            "post": act("Make a person, with a way in that is shown once", Handover, PersonOrder),
        },
        "/api/admin/users/{id}": {
            "get": act("A person", PersonView),
            "patch": act("Change a person's role or accounts, disable or enable them", PersonView, PersonChange),
            "delete": act("Remove a person", PersonView),
        },
        "/api/admin/users/{id}/password-reset": {
            "post": act("End a person's password, with a new way in that is shown once", Handover, AccessOrder)
        },
        "/api/admin/users/{id}/sessions": {
            "get": act("Where a person is signed in", SessionList),
            "delete": act("End every session of a person", Ended),
        },
        "/api/admin/sessions": {"get": act("Where people are signed in", SessionList)},
        "/api/admin/sessions/{id}": {"delete": act("End a session", Ended)},
        "/api/admin/accounts": {
            "get": act("All accounts", AccountList),
            "post": act("Make an account", AccountView, AccountOrder),
        },
        "/api/admin/accounts/{account}": {
            "get": act("An account", AccountView),
            "patch": act("Change an account", AccountView, AccountChange),
            "delete": act("Take an account out of service for good", AccountView),
        },
    }
