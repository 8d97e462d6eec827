"""``signalbox prices``: listed, set, exported, imported and rated again, beside a server."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.support.command_runs import run_at


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    return run_at(folder, "prices", *arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory of its own for all tests here."""
    return tmp_path_factory.mktemp("prices")


def test_what_the_configured_providers_cost_is_listed(folder: Path) -> None:
    code, out, _ = run(folder, "list", "--json")
    assert code == 0
    found = {each["model"]: each["price"] for each in json.loads(out)}
    rates = found["gpt-4o-mini"]["tiers"][0]["rates"]
    assert (rates["input"], rates["output"]) == (150_000_000, 600_000_000)
    assert all(each["source"].startswith("genai-prices ") for each in found.values())
    assert "$0.15" in run(folder, "list")[1]


def test_a_price_is_set_from_a_day_on_and_withdrawn(folder: Path) -> None:
    rates = ("--input", "2", "--output", "9", "--provider", "openai-gpt4o", "--from", "2026-01-01")
    code, out, _ = run(folder, "set", "gpt-4o", *rates, "--source", "contract", "--json")
    assert code == 0
    (added,) = json.loads(out)["added"]
    assert (added["provider"], added["starts"], added["source"]) == ("openai-gpt4o", "2026-01-01T00:00:00Z", "contract")
    assert "contract" in run(folder, "history", "gpt-4o")[1]
    assert "0 set, 1 unchanged" in run(folder, "set", "gpt-4o", *rates)[1]
    assert run(folder, "withdraw", "gpt-4o", "--provider", "openai-gpt4o")[0] == 0
    held = {each["model"]: each["price"] for each in json.loads(run(folder, "list", "--json")[1])}
    assert held["gpt-4o"]["kind"] == "listed"


def test_wrong_input_is_named_with_exit_code_2(folder: Path) -> None:
    for arguments, said in (
        (("set", "m", "--input", "1,5", "--output", "1"), "input"),
        (("set", "m", "--input", "1", "--output", "1", "--account", "nobody"), "nobody"),
        (("import", str(folder / "missing.csv")), "cannot be read"),
        (("rerate", "--from", "2026-02-01", "--to", "2026-01-01"), "from must be before to"),
    ):
        code, _, told = run(folder, *arguments)
        assert (code, said in told) == (2, True), (arguments, told)


def test_the_book_is_exported_changed_and_imported(folder: Path) -> None:
    sheet = folder / "book.csv"
    assert run(folder, "export", "-o", str(sheet))[0] == 0
    rows = list(csv.DictReader(io.StringIO(sheet.read_text())))
    assert {"gpt-4o", "claude-haiku-4-5"} <= {each["model"] for each in rows}
    sheet.write_text("model,account,from,above_tokens,input,output\nmine,,2026-05-01,,1,2\nmine,,2026-05-01,1000,3,4\n")
    tried = json.loads(run(folder, "import", str(sheet), "--dry-run", "--json")[1])
    assert (len(tried["added"]), tried["dryRun"]) == (1, True)
    (added,) = json.loads(run(folder, "import", str(sheet), "--json")[1])["added"]
    assert [each["above"] for each in added["tiers"]] == [0, 1000]
    assert "0 set, 1 unchanged" in run(folder, "import", str(sheet))[1]


def test_a_report_of_a_period_without_requests_says_so(folder: Path) -> None:
    code, out, _ = run(folder, "rerate", "--json")
    assert (code, json.loads(out)["rows"]) == (0, [])
    assert "charged $0.00, by the book $0.00" in run(folder, "rerate")[1]
