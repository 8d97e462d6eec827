"""Every example runs as it is, and says what it is there to show."""

import re
import runpy
from pathlib import Path

import pytest

from tests.support.contract_server import ContractServer
from tests.support.simulator_process import SimulatorProcess

FOLDER = Path(__file__).parents[2] / "examples"
SAYS = {
    "draft": r"\S.*\n-- claude-haiku-4-5, \$0\.\d{6,9}, \d+ ms\n$",
    "briefing": r"-- anthropic-claude-sonnet-4-5: .*\n(?s:.*)-- request \w{26}, limits left: \[\('account', \d+\)",
    "pricing": r"^\$[\d,-]+ to \$[\d,-]+: .*\n$",
    "meeting_summary": r"^Kitchen, Okafor\n(?s:.+)\nVan\n(?s:.+)-- \$0\.\d{6,9} in all\n$",
    "streaming": r"\S(?s:.*)\n-- \d+ tokens, \$0\.\d{6,9}\n-- left after '.{40}'\n$",
    "fallback": r"^(?!-- the router)(?s:.+)\n-- refused: VALIDATION_ERROR, .*\n$",
    "errors": r"\nMODEL_NOT_FOUND \(404\), asking again would not help; request \w{26}\n"
    r"VALIDATION_ERROR \(400\), .*\nthe API key is not accepted\n$",
    "tools": r"^-- free_slots\(\{'day': .*\}\)\nThe tool reports: .*09:00",
    "embedded_tools": r"^The tool reports: \d+\.(?s:.*)\n-- 2 steps, \$0\.\d{6,9} in all\n$",
    "openai_sdk": r"^\S(?s:.*)\n-- claude-haiku-4-5(?:-\d+)? by anthropic-claude-haiku-4-5, \$0\.\d{6,9}\n"
    r"\S(?s:.*)\n-- \d+ tokens\n$",
    "anthropic_sdk": r"^\S(?s:.*)\n-- claude-haiku-4-5(?:-\d+)? by anthropic-claude-haiku-4-5, \$0\.\d{6,9}\n"
    r"\S(?s:.*)\n-- \d+ tokens written\n$",
    "embedded": r"\S.*\n-- (?:small|quick), \$0\.\d{6,9}\n-- 1 request, breakers: .*CLOSED.*\n$",
}


@pytest.fixture(autouse=True)
def _surrounded(server: ContractServer, simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("USE_LLM_ROUTER", raising=False)
    for name, value in {
        "SIGNALBOX_URL": server.url,
        "SIGNALBOX_API_KEY": server.key,
        "OPENAI_API_KEY": "sk-test",
        "ANTHROPIC_API_KEY": "sk-ant-test",
        "OPENAI_BASE_URL": simulator.openai_url,
        "ANTHROPIC_BASE_URL": simulator.base_url,
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_an_example_runs_as_it_is(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
    said = capsys.readouterr().out
    assert re.search(SAYS[name], said), said


def test_the_fallback_serves_while_the_router_is_switched_off(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("USE_LLM_ROUTER", "false")
    runpy.run_path(str(FOLDER / "fallback.py"), run_name="__main__")
    assert "(answered without the router)" in capsys.readouterr().out


def test_every_example_stands_in_the_readme_with_what_it_shows() -> None:
    named = re.findall(r"^\| \[(\w+)\.py\]\(\1\.py\) \| \S", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(path.stem for path in FOLDER.glob("*.py")) == sorted(SAYS)
