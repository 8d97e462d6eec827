"""A test of a connection: with each key that may go there, told of the one that ended worst."""

from router_core.admin.connection_test import CONNECTION_POLICY, ConnectionTest
from router_core.errors import InvalidAPIKeyError
from router_core.health.board import HealthBoard
from router_core.health.check_ledger import CheckLedger
from router_core.health.transition_tail import TransitionTail
from router_core.health.upstream_checks import UpstreamChecks
from router_core.types import Secret, UsableKey
from tests.support.core_fakes import PRICES, CoreRig, answer, provider, rig

SECOND = UsableKey(Secret("sk-second-0123456789"), id="k2", mask="sk-se...6789")
REFUSED = InvalidAPIKeyError("no", provider="a", upstream_status=401)


def connection_test(core: CoreRig) -> ConnectionTest:
    board = HealthBoard(core.config, lambda _: None, TransitionTail(), core.clock)
    checks = UpstreamChecks(
        targets=tuple, adapters=core.adapters, prices=PRICES, board=board,
        ledger=CheckLedger(50_000_000, core.clock), clock=core.clock, policy=CONNECTION_POLICY,
    )  # fmt: skip
    return ConnectionTest(checks, core.keys, core.clock)


async def test_every_key_is_tried_and_a_bad_one_is_named_by_its_mask() -> None:
    core = rig([provider("a")])
    core.keys.extra["a"] = (SECOND,)
    core.adapters.script("a", answer("pong"), REFUSED)
    result = await connection_test(core)(provider("a"))
    assert [call.key for call in core.adapters.calls] == [Secret("sk-openai-a"), SECOND.secret]
    assert (result.ok, "sk-se...6789" in (result.error or "")) == (False, True)
    core.adapters.always("a", answer("pong"))
    assert (await connection_test(core)(provider("a"))).ok


async def test_without_a_key_that_may_go_there_nobody_is_asked() -> None:
    core = rig([provider("a")])
    core.keys.without.add("a")
    result = await connection_test(core)(provider("a"))
    assert (result.ok, result.error) == (None, "there is no key that may go to its host")
    assert core.adapters.calls == []
