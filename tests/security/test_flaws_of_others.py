"""What went wrong in systems like this one, each flaw tried on this one; those that are tried elsewhere are in
``SECURITY.md`` with the names of their tests.
"""

import ast
import re
import shutil
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from sqlalchemy import Engine, event

from router_core.alerts.signing import shown_secret, signed_headers
from router_core.api.app import PATHS
from router_core.security.api_keys import KeyAuthenticator
from router_core.security.memory_stores import MemoryAccountStore, MemoryApiKeyStore
from tests.security.rights_world import Caller, RightsWorld, rights_world
from tests.support.asgi_calls import call_asgi
from tests.support.fake_clock import FakeClock
from tests.support.source_tree import PRODUCT, ROOT, named, parsed, sources

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRICKS: Final = ("'", '"', ";", "' OR 1=1--", "%27 UNION SELECT", "\\x00", "') OR ('1'='1")
RUNS_CODE: Final = frozenset({"eval", "exec", "compile", "__import__"})
STARTS_PROGRAMS: Final = re.compile(
    r"subprocess|os\.(system|popen|exec\w*|spawn\w*|posix_spawn\w*|fork)|create_subprocess"
)
STARTERS: Final = {
    "signalbox/commands/simulate.py", "signalbox/demo/simulator_process.py", "signalbox/demo/tether.py",
    "signalbox/serve/child.py", "signalbox/serve/nursery.py",
}  # fmt: skip
"""Where our own program starts itself, with words of its own."""
OWN_COLUMNS: Final = {"db/queries/audit_reader.py", "db/queries/chain_reader.py"}
"""Where a statement is put together of the names of our own columns, and of nothing else."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RightsWorld]:
    folder = tmp_path_factory.mktemp("flaws")
    shutil.copy(migrated_sqlite, folder / "signalbox.db")
    async with rights_world(folder) as made:
        yield made


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect the text of every statement that any store is sent."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_cve_2026_42208_what_a_key_holds_never_becomes_sql(world: RightsWorld) -> None:
    key = f"sbx_fedcba9876543210_{'A' * 43}"
    with statements() as seen:
        for trick in TRICKS:
            for text in (trick, key + trick, key.replace("A", trick, 1), f"sbx_{trick}_{'A' * 43}"):
                heard = await world.ask(Caller("thief", "thief", {"x-api-key": text}), "GET", "/api/llm/usage")
                assert heard.status == 401
        heard = await world.ask(Caller("thief", "thief", {"x-api-key": key}), "GET", "/api/llm/usage")
        assert heard.status == 401
    assert any("api_keys" in each for each in seen)
    assert [each for each in seen if "fedcba9876543210" in each or any(trick in each for trick in TRICKS[3:])] == []


async def test_cve_2026_42208_statements_are_not_built_of_strings() -> None:
    settings = (ROOT / "pyproject.toml").read_text("utf-8")
    chosen = settings[settings.index("[tool.ruff.lint]") : settings.index("[tool.ruff.lint.per-file-ignores]")]
    assert '"S",' in chosen
    assert "S608" not in chosen
    excused = [named(path) for path in sources(*PRODUCT) if re.search(r"noqa:.*S608", path.read_text("utf-8"))]
    assert set(excused) == OWN_COLUMNS


async def test_cve_2026_40217_cve_2025_3248_no_text_is_ever_run_as_code() -> None:
    """There a sandbox, and decorators that were read before anybody had signed in, ran what a caller sent."""
    running = [
        f"{named(path)}:{node.lineno}"
        for path in sources(*PRODUCT, "pages")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RUNS_CODE
    ]
    assert running == []


async def test_cve_2026_42271_cve_2026_30623_only_our_own_program_is_ever_started() -> None:
    """There endpoints that made and tried tool servers ran the commands that they were given."""
    starting = {named(path) for path in sources(*PRODUCT, "pages") if STARTS_PROGRAMS.search(path.read_text("utf-8"))}
    assert starting == STARTERS


async def test_cve_2026_35030_two_keys_that_begin_alike_are_two_keys(world: RightsWorld) -> None:
    good = world.callers["service key"]
    assert (await world.ask(good, "GET", "/api/llm/usage")).status == 200
    text = good.headers["authorization"]
    for end in ("A" if text[-1] != "A" else "B", text[-1] + "A", ""):
        other = Caller("thief", "thief", {"authorization": text[:-1] + end})
        assert (await world.ask(other, "GET", "/api/llm/usage")).status == 401


async def test_cve_2026_35029_only_heads_change_the_configuration(world: RightsWorld) -> None:
    changes = [path for path in PATHS if path.startswith("/api/admin/config")]
    assert len(changes) > 5
    for path in changes:
        for method in PATHS[path]:
            for name in ("analyst", "operator", "prompt engineer", "service key"):
                place = path.replace("{revision}", "1")
                assert (await world.ask(world.callers[name], method, place, body={})).status == 403


async def test_cve_2024_8984_cve_2024_53981_a_form_is_refused_before_a_byte_of_it_is_read(world: RightsWorld) -> None:
    key = dict(world.callers["service key"].headers)
    kind = "multipart/form-data; boundary=" + "-" * 3000
    for headers, status in (({**key, "content-type": kind}, 415), ({"content-type": kind}, 401)):
        heard = await call_asgi(
            world.app, "POST", "/api/llm", headers=headers, body=b"", address="10.1.2.3", silent=True
        )
        assert heard.status == status


async def test_cve_2026_41432_nothing_is_signed_with_an_empty_secret() -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        signed_headers(b"", "message", 1, b"{}")
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        shown_secret(b"")
    accounts = MemoryAccountStore()
    with pytest.raises(ValueError, match="pepper"):
        KeyAuthenticator(MemoryApiKeyStore(accounts), accounts, b"", FakeClock())


@pytest.mark.parametrize("text", ["%", "_", "%25", "_%", "\\", "*"])
async def test_cve_2026_25591_wildcards_of_the_store_are_plain_text(world: RightsWorld, text: str) -> None:
    owner, query = world.callers["owner"], text.replace("%", "%25").replace("\\", "%5C")
    for name in ("text", "account", "provider", "requestId"):
        heard = await world.ask(owner, "GET", "/api/admin/audit", f"{name}={query}&from=2020-01-01T00:00:00Z")
        assert heard.status in (200, 400)
        if heard.status == 200:
            assert b'"entries":[]' in heard.body


async def test_one_api_2388_an_image_is_passed_on_and_never_fetched(world: RightsWorld) -> None:
    url = "https://images.example.com/a.png"
    caller = world.callers["service key"]
    before = len(world.adapters.calls)
    asked = {"prompt": "what is it", "images": [url], "useCase": "vision"}
    assert (await world.ask(caller, "POST", "/api/llm", body=asked)).status == 200
    (call,) = world.adapters.calls[before:]
    assert url in str(call.request)
    heard = await world.ask(caller, "POST", "/api/llm", body={**asked, "images": ["http://169.254.169.254/"]})
    assert heard.status == 400


async def test_cve_2026_33017_what_one_handler_does_needs_one_permission_wherever_it_is_served() -> None:
    """There an endpoint was closed, and its twin stayed open."""
    guards = defaultdict(set)
    for actions in PATHS.values():
        for action in actions.values():
            guards[action.handler].add(action.permission)
    assert len(guards) > 50
    assert [handler.__qualname__ for handler, permissions in guards.items() if len(permissions) > 1] == []


async def test_cve_2025_62727_cve_2026_48818_no_answer_is_a_file_or_a_range_of_it(world: RightsWorld) -> None:
    served = re.compile(r"\b(FileResponse|StaticFiles)\b")
    assert [named(path) for path in sources(*PRODUCT, "pages") if served.search(path.read_text("utf-8"))] == []
    ranges = "bytes=" + ",".join(f"{each}-{each}" for each in range(500))
    caller = world.callers["admin key"]
    asking = Caller("admin key", "admin key", {**caller.headers, "range": ranges})
    heard = await world.ask(asking, "GET", "/api/admin/audit/export", "format=csv")
    assert heard.status == 200
    assert b"timestamp" in heard.body


async def test_ghsa_h9ww_an_answer_that_is_kept_for_one_account_is_not_given_to_another(world: RightsWorld) -> None:
    asked = {"prompt": "keep this answer", "temperature": 0, "cache": {"ttlSeconds": 60}, "useCase": "general"}
    told = [
        (await world.ask(world.callers[name], "POST", "/api/llm", body=asked)).body
        for name in ("service key", "service key", "foreign service key")
    ]
    assert [b'"cached":true' in each for each in told] == [False, True, False]


async def test_what_anybody_may_ask_for_costs_next_to_nothing(world: RightsWorld) -> None:
    """Or it would be the cheapest way to keep the server from its work."""
    nobody = world.callers["nobody"]
    for path in ("/api/openapi.json", "/api/docs", "/api/llm/health", "/api/console/hello", "/livez", "/readyz"):
        await world.ask(nobody, "GET", path)
        begun = time.process_time()
        for _ in range(50):
            await world.ask(nobody, "GET", path)
        assert time.process_time() - begun < 50 * 0.004, path
