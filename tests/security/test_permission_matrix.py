"""Every route, call and screen, asked by everybody: who gets in is what the contract says, and nobody else."""

import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import pytest_asyncio
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from console.gate import ConsoleGate
from router_core.api.app import PATHS, ApiApplication
from router_core.api.endpoint import Action
from router_core.security.permissions import allows
from router_core.types import Principal
from signalbox.screens.answering import ConsoleAnswers
from signalbox.screens.backend import Control, Screen
from signalbox.screens.calls import CALLS, STREAMS
from signalbox.screens.in_process import InProcessBackend
from signalbox.screens.rights import may_control, may_open
from signalbox.sign_in.served import served_routes
from tests.security.asked_things import NOTHING, Things, call_arguments, route_request
from tests.security.expected_rights import ANYONE, CONTROLS, COURIERS, DOORS, PEOPLE, PLACES, ROUTES, SCREENS, Who
from tests.security.expected_rights import CALLS as EXPECTED_CALLS
from tests.security.rights_world import DEAD, Caller, RightsWorld, rights_world
from tests.support.asgi_calls import Heard, call_asgi

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROWS = {route: (who, kind) for route, who, kind in ROUTES}
CALL_ROWS = {name: (who, kind) for name, who, kind in EXPECTED_CALLS}
FEWEST_CELLS = 500
ONLY_WHO_ASKED = frozenset({"POST /api/admin/topups/{id}/withdraw", "POST /api/console/calls/topups.withdraw"})
OF_THE_MOMENT = re.compile(rb'"requestId":"[^"]*"')
SHOWN_TO_HEADS = frozenset(
    {
        "GET /api/admin/alerts",
        "GET /api/admin/alerts/channels",
        "GET /api/admin/alerts/deliveries",
        "GET /api/admin/audit",
        "GET /api/admin/audit/export",
        "GET /api/admin/budgets",
        "GET /api/admin/config",
        "GET /api/admin/health",
        "GET /api/admin/keys",
        "GET /api/admin/limits",
        "GET /api/admin/providers",
        "GET /api/admin/topups",
        "GET /metrics",
    }
)
ELSEWHERE = {"sec-fetch-site": "cross-site", "origin": "https://elsewhere.example"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RightsWorld]:
    folder = tmp_path_factory.mktemp("rights")
    shutil.copy(migrated_sqlite, folder / "signalbox.db")
    async with rights_world(folder) as made:
        yield made


# --- nothing is left out ----------------------------------------------------------------------------------------


async def test_every_route_of_the_api_is_in_the_matrix_and_nothing_else() -> None:
    served = {f"{method} {path}" for path, actions in PATHS.items() for method in actions}
    listed = {*ROWS, *COURIERS}
    assert sorted(served - listed) == [], "routes without a row in tests/security/expected_rights.py"
    assert sorted(listed - served) == [], "rows without a route"


async def test_every_call_of_the_console_is_in_the_matrix_and_nothing_else() -> None:
    served = {*CALLS, *STREAMS}
    assert sorted(served - set(CALL_ROWS)) == [], "calls without a row in tests/security/expected_rights.py"
    assert sorted(set(CALL_ROWS) - served) == [], "rows without a call"


async def test_every_screen_and_control_is_in_the_matrix_and_nothing_else() -> None:
    assert set(get_args(Screen)) == set(SCREENS)
    assert set(get_args(Control)) == set(CONTROLS)


async def test_the_matrix_has_500_cells_at_the_least(world: RightsWorld) -> None:
    rows = len(ROWS) + len(CALL_ROWS) + len(SCREENS) + len(CONTROLS)
    assert rows * len(world.callers) >= FEWEST_CELLS


# --- every route and call, asked by everybody ----------------------------------------------------------------------


@pytest.mark.parametrize("route", ROWS)
async def test_a_route_lets_in_whom_the_contract_names_and_nobody_else(world: RightsWorld, route: str) -> None:
    who, kind = ROWS[route]

    async def ask(caller: Caller, things: Things) -> Heard:
        return await world.ask(caller, *route_request(route, kind, things))

    assert await _wrong_cells(world, route, who, kind, ask) == []


@pytest.mark.parametrize("name", CALL_ROWS)
async def test_a_call_of_the_console_is_made_for_the_people_whom_the_contract_names(
    world: RightsWorld, name: str
) -> None:
    who, kind = CALL_ROWS[name]
    path = f"/api/console/{'streams' if name in STREAMS else 'calls'}/{name}"

    async def ask(caller: Caller, things: Things) -> Heard:
        return await world.ask(caller, "POST", path, body=call_arguments(name, things))

    assert await _wrong_cells(world, f"POST {path}", who & PEOPLE, kind, ask) == []


async def _wrong_cells(
    world: RightsWorld, route: str, who: Who, kind: str, ask: Callable[[Caller, Things], Awaitable[Heard]]
) -> list[str]:
    """Return what is wrong in one row of the matrix."""
    wrong = []
    for caller in world.callers.values():
        may = _may(caller, who, route)
        told = {}
        for things in _asked_for(world, caller, route, kind, may=may):
            told[things.mark] = await ask(caller, things)
            wrong += _faults(world, caller, who, things, told[things.mark], may=may)
        if may and not caller.sees_all and {world.abroad(caller).mark, NOTHING.mark} <= set(told):
            there, none = (_plain(told[each]) for each in (world.abroad(caller).mark, NOTHING.mark))
            wrong += [] if there == none else [f"{caller.name} can tell a foreign one from none: {there} and {none}"]
    return wrong


def _may(caller: Caller, who: Who, route: str) -> bool:
    path = route.partition(" ")[2]
    return who == ANYONE or (caller.rights in who and (caller.paths is None or path in caller.paths))


def _plain(heard: Heard) -> tuple[int, bytes]:
    """Return an answer without what is of its own moment: ids, times, and the process's own counts."""
    return heard.status, OF_THE_MOMENT.sub(b"", heard.body) if heard.status >= 400 else b""


def _asked_for(world: RightsWorld, caller: Caller, route: str, kind: str, *, may: bool) -> list[Things]:
    """Return what ``caller`` asks for: what is their account's, what is not, and what does not exist.

    Who may change everything is let at what does not exist only, so that every cell meets the same world.
    """
    if route in ONLY_WHO_ASKED:
        return [NOTHING] if caller.sees_all else [world.abroad(caller), NOTHING]
    if not kind or (caller.sees_all and may and not route.startswith("GET ")):
        return [NOTHING]
    return [world.own, world.foreign, NOTHING]


def _faults(world: RightsWorld, caller: Caller, who: Who, things: Things, heard: Heard, *, may: bool) -> list[str]:
    """Return what is wrong with one cell."""
    cell = f"{caller.name} on {things.mark}: {heard.status} {heard.body[:200]!r}"
    if who == ANYONE:
        shown = [each for each in (*world.own.traces(), *world.foreign.traces()) if heard.shows(each)]
        return [cell] if shown or heard.status not in (200, 503) else []
    if caller.name in DEAD:
        return [] if heard.status == 401 else [cell]
    if not may:
        return [] if heard.status == 403 else [cell]
    if caller.sees_all:
        return [cell] if heard.status in (401, 403, 405) or heard.status >= 500 else []
    home = world.own if caller.home == "own" else world.foreign
    refused = (401, 405) if things is not home else (401, 403, 405)
    wrong = [cell] if heard.status in refused or heard.status >= 500 else []
    return [*wrong, *(f"{cell} shows {each}" for each in world.abroad(caller).traces() if heard.shows(each))]


async def test_what_is_kept_from_others_is_there_for_those_who_see_everything(world: RightsWorld) -> None:
    """Or the matrix could not find what it looks for."""
    owner, unseen = world.callers["owner"], []
    for route in SHOWN_TO_HEADS:
        heard = await world.ask(owner, *route_request(route, ROWS[route][1], world.foreign))
        unseen += [] if any(map(heard.shows, world.foreign.traces())) else [f"{route}: {heard.status}"]
    assert unseen == []


# --- sessions belong to their own pages ---------------------------------------------------------------------------


async def test_a_session_used_by_a_page_of_another_origin_changes_nothing(world: RightsWorld) -> None:
    owner = world.callers["owner"]
    elsewhere = Caller("owner", "owner", {**owner.headers, **ELSEWHERE})
    wrong = []
    for route, (who, kind) in ROWS.items():
        if who != ANYONE and not route.startswith("GET "):
            heard = await world.ask(elsewhere, *route_request(route, kind, NOTHING))
            wrong += [] if heard.status == 403 else [f"{route}: {heard.status}"]
    assert wrong == []


# --- screens ----------------------------------------------------------------------------------------------------


def _principal(caller: Caller) -> Principal:
    role: Any = caller.rights.removesuffix(" key").replace(" ", "_")
    return Principal(kind="person", id="u", name="u@example.com", role=role, accounts=())


@pytest.mark.parametrize("screen", get_args(Screen))
async def test_a_screen_opens_for_the_people_whom_the_contract_names(world: RightsWorld, screen: Screen) -> None:
    people = [each for each in world.callers.values() if each.rights in PEOPLE]
    assert {each.name for each in people if may_open(_principal(each), screen)} == SCREENS[screen] & PEOPLE


@pytest.mark.parametrize("control", get_args(Control))
async def test_a_control_is_shown_to_the_people_whom_the_contract_names(world: RightsWorld, control: Control) -> None:
    people = [each for each in world.callers.values() if each.rights in PEOPLE]
    assert {each.name for each in people if may_control(_principal(each), control)} == CONTROLS[control] & PEOPLE


# --- what is not the API ------------------------------------------------------------------------------------------


async def _inside(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand for the console's program behind the gate."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await PlainTextResponse("inside")(scope, receive, send)


@pytest.mark.parametrize("place", PLACES)
async def test_the_gate_lets_people_with_a_session_in_and_nobody_else(world: RightsWorld, place: str) -> None:
    gate = ConsoleGate(_inside, lambda token, touch: world.runtime.session_gate.check(token, touch=touch))
    wrong = []
    for caller in world.callers.values():
        for accept in ("text/html", "application/json"):
            heard = await call_asgi(gate, "GET", place, headers={**caller.headers, "accept": accept})
            lets_in = PLACES[place] == ANYONE or caller.name in PEOPLE
            wrong += [] if (heard.body == b"inside") is lets_in else [f"{caller.name}: {heard.status}"]
            wrong += [] if lets_in or heard.status in (303, 401) else [f"{caller.name}: {heard.status}"]
    assert wrong == []


async def test_a_live_page_is_for_people_with_a_session(world: RightsWorld) -> None:
    gate = ConsoleGate(_inside, lambda token, touch: world.runtime.session_gate.check(token, touch=touch))
    let_in = set()
    for caller in world.callers.values():
        sent: list[Message] = []

        async def send(message: Message, kept: list[Message] = sent) -> None:
            kept.append(message)

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        headers = [(name.encode(), value.encode()) for name, value in caller.headers.items()]
        await gate({"type": "websocket", "path": "/_stcore/stream", "headers": headers}, receive, send)
        if sent[0]["type"] == "websocket.accept":
            let_in.add(caller.name)
    assert let_in == PEOPLE


async def test_every_door_is_in_the_matrix(world: RightsWorld) -> None:
    routes = served_routes(lambda: world.runtime, world.runtime.clock)
    assert {f"{method} {each.path}" for each in routes for method in (each.methods or ()) if method != "HEAD"} == DOORS


# --- what is not declared ---------------------------------------------------------------------------------------


async def test_a_route_with_an_undeclared_permission_is_refused_at_start(world: RightsWorld) -> None:
    async def nothing(_call: Any) -> None:
        raise AssertionError("never called")

    with pytest.raises(ValueError, match=r"'vault\.open' is not declared"):
        ApiApplication(lambda: pytest.fail("never asked"), {"/new": {"GET": Action("vault.open", nothing)}})


async def test_a_call_of_the_console_with_an_undeclared_permission_is_refused_at_start(world: RightsWorld) -> None:
    with pytest.raises(ValueError, match=r"budgets: permission 'vault\.open' is not declared"):
        ConsoleAnswers(InProcessBackend(world.runtime), {"budgets": "vault.open"})


async def test_an_undeclared_permission_is_nobodys() -> None:
    owner = Principal(kind="person", id="u", name="u", role="owner", accounts=())
    assert not allows(owner, "vault.open")
