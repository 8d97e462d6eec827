"""``/api/admin/users``: people, and the ways in that they are given."""

from msgspec import Struct

from router_core.admin.people_views import AccessOrder, Handover, PersonChange, PersonOrder, PersonView, SessionView
from router_core.api.call import Call
from router_core.api.documents import read_document, read_nothing, read_query
from router_core.api.endpoint import Action

__all__ = ["PEOPLE_PATHS", "Ended", "PeopleList", "SessionList"]


class PeopleList(Struct, frozen=True):
    """Everybody by e-mail address."""

    users: list[PersonView]


class SessionList(Struct, frozen=True):
    """Signed-in browsers, newest act first."""

    sessions: list[SessionView]


class Ended(Struct, frozen=True):
    """How many sessions were ended."""

    ended: int


async def list_people(call: Call) -> None:
    """Answer with everybody."""
    read_query(call, {})
    await call.answer(PeopleList(list(await call.deps.access.people.people(call.principal))))


async def create_person(call: Call) -> None:
    """Make a person; answer with what they get in with, to be had only now."""
    order = await read_document(call, PersonOrder)
    made: Handover = await call.deps.access.people.create(order, call.principal)
    await call.answer(made)


async def show_person(call: Call) -> None:
    """Answer with one person."""
    read_query(call, {})
    await call.answer(await call.deps.access.people.one(call.parameter("id"), call.principal))


async def change_person(call: Call) -> None:
    """Change what the document names of a person."""
    change = await read_document(call, PersonChange)
    await call.answer(await call.deps.access.people.change(call.parameter("id"), change, call.principal))


async def remove_person(call: Call) -> None:
    """Remove a person."""
    await read_nothing(call)
    await call.answer(await call.deps.access.people.remove(call.parameter("id"), call.principal))


async def reset_password(call: Call) -> None:
    """End a person's password; answer with their new way in, to be had only now."""
    order = await read_document(call, AccessOrder)
    await call.answer(await call.deps.access.people.reset_password(call.parameter("id"), order, call.principal))


async def list_sessions_of(call: Call) -> None:
    """Answer with where one person is signed in."""
    read_query(call, {})
    found = await call.deps.access.sessions.everybody(call.principal, call.parameter("id"))
    await call.answer(SessionList(list(found)))


async def end_sessions_of(call: Call) -> None:
    """End every session of a person."""
    await read_nothing(call)
    await call.answer(Ended(await call.deps.access.sessions.end_all(call.parameter("id"), call.principal)))


async def list_sessions(call: Call) -> None:
    """Answer with everybody who is signed in."""
    read_query(call, {})
    await call.answer(SessionList(list(await call.deps.access.sessions.everybody(call.principal))))


async def end_session(call: Call) -> None:
    """End one session."""
    await read_nothing(call)
    await call.deps.access.sessions.end(call.parameter("id"), call.principal)
    await call.answer(Ended(1))


PEOPLE_PATHS: dict[str, dict[str, Action]] = {
    "/api/admin/users": {
        "GET": Action("access.read", list_people),
        "POST": Action("users.edit", create_person, shows_secrets=True),
    },
    "/api/admin/users/{id}": {
        "GET": Action("access.read", show_person),
        "PATCH": Action("users.edit", change_person),
        "DELETE": Action("users.edit", remove_person),
    },
    "/api/admin/users/{id}/password-reset": {"POST": Action("users.edit", reset_password, shows_secrets=True)},
    "/api/admin/users/{id}/sessions": {
        "GET": Action("sessions.read", list_sessions_of),
        "DELETE": Action("sessions.end", end_sessions_of),
    },
    "/api/admin/sessions": {"GET": Action("sessions.read", list_sessions)},
    "/api/admin/sessions/{id}": {"DELETE": Action("sessions.end", end_session)},
}
