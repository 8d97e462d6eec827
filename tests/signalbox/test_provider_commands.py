"""``signalbox providers``: exported, applied, compared and rolled back, with faults and conflicts told."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from signalbox.config_file import read_config_file
from signalbox.faults import UsageFault
from tests.support.command_runs import run_at

FIRST = "openai-gpt4o-mini"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory of its own for all tests here."""
    return tmp_path_factory.mktemp("providers")


def run(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    code, out, told = run_at(folder, "providers", *arguments, **environment)
    assert "Traceback" not in out + told
    return code, out, told


def exported(folder: Path, file: Path) -> dict[str, Any]:
    """Export to ``file`` and return what it holds."""
    assert run(folder, "export", "-o", str(file))[0] == 0
    found: dict[str, Any] = yaml.safe_load(file.read_text())
    return found


def test_an_export_is_applied_again_changed_compared_and_rolled_back(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    document = exported(folder, file)
    code, out, _ = run(folder, "apply", str(file))
    assert (code, "nothing changed" in out) == (0, True)
    document["providers"][0]["weight"] = 60
    file.write_text(yaml.safe_dump(document))
    code, out, _ = run(folder, "apply", str(file), "--dry-run")
    assert (code, f"~ providers[{FIRST}].weight: 100 → 60" in out) == (0, True)
    applied = json.loads(run(folder, "apply", str(file), "--note", "for the autumn", "--json")[1])
    assert applied["changed"]
    assert run(folder, "apply", str(file))[1].startswith("nothing changed")
    page = json.loads(run(folder, "history", "--json")[1])
    newest = page["versions"][0]
    assert (newest["actor"], newest["note"]) == ("command", "for the autumn")
    compared = json.loads(run(folder, "diff", str(newest["base"]), "--json")[1])
    assert [each["path"] for each in compared["changes"]] == [f"providers[{FIRST}].weight"]
    assert f"~ providers[{FIRST}].weight: 60 → 100" in run(folder, "rollback", str(newest["base"]))[1]
    assert exported(folder, file)["providers"][0]["weight"] == 100


def test_all_faults_are_listed_with_exit_code_2_and_nothing_is_applied(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    document = exported(folder, file)
    document["providers"][0].update(weight="heavy", colour="red")
    document["providers"][1]["kind"] = "acme"
    file.write_text(yaml.safe_dump(document))
    for arguments in (("apply", str(file)), ("apply", str(file), "--dry-run")):
        code, _, told = run(folder, *arguments)
        assert code == 2
        for path in (f"{FIRST}].weight", f"{FIRST}].colour", "providers[openai-gpt4o].kind"):
            assert path in told
    assert len(json.loads(run(folder, "apply", str(file), "--dry-run", "--json")[1])["findings"]) == 3
    assert exported(folder, file)["providers"][0]["weight"] == 100


def test_a_file_made_before_somebody_elses_change_is_a_conflict_with_exit_code_4(folder: Path, tmp_path: Path) -> None:
    stale, file = tmp_path / "stale.yaml", tmp_path / "mine.yaml"
    old = exported(folder, stale)
    new = exported(folder, file)
    new["flags"]["openai"] = False
    file.write_text(yaml.safe_dump(new))
    assert run(folder, "apply", str(file))[0] == 0
    old["providers"][0]["weight"] = 61
    stale.write_text(yaml.safe_dump(old))
    for arguments in (("apply", str(stale)), ("apply", str(stale), "--dry-run")):
        code, _, told = run(folder, *arguments)
        assert (code, "flags.openai" in told) == (4, True)
    assert not exported(folder, file)["flags"]["openai"]
    del old["revision"]
    stale.write_text(yaml.safe_dump(old))
    assert run(folder, "apply", str(stale))[0] == 0
    assert exported(folder, file)["flags"]["openai"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("providers: [", "line 1"),
        ("[1, 2]", "holds no configuration"),
        ("a: &x [1]\nb: *x\n", "aliases are not taken"),
        ("flags: {llm: true, llm: false}", "twice in one object"),
        ("? [a]\n: 1\n", "a name must be text"),
        ("revision: new\n", "revision must be"),
        ("flags: !!python/object/apply:os.system ['true']", "not usable YAML"),
        ("flags: {llm: 2026-99-99}", "not usable YAML"),
    ],
)
def test_a_file_that_is_no_configuration_is_bad_usage(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(UsageFault, match=said):
        read_config_file(file)


@pytest.mark.parametrize("arguments", [("rollback", "99999"), ("diff", "1", "9999"), ("diff", "9999")])
def test_a_revision_that_does_not_exist_is_bad_usage(folder: Path, arguments: tuple[str, ...]) -> None:
    code, out, told = run(folder, *arguments)
    assert (code, out) == (2, "")
    assert "no such version" in told


@pytest.mark.parametrize(("revision", "code", "said"), [(999_999, 4, "not one of this store"), (-1, 2, "revision")])
def test_a_file_from_another_store_is_refused(
    folder: Path, tmp_path: Path, revision: int, code: int, said: str
) -> None:
    file = tmp_path / "elsewhere.yaml"
    document = exported(folder, file)
    before = document["providers"][0]["weight"]
    document["providers"][0]["weight"] = before + 1
    file.write_text(yaml.safe_dump({**document, "revision": revision}))
    for arguments in (("apply", str(file)), ("apply", str(file), "--dry-run")):
        ended, _, told = run(folder, *arguments)
        assert (ended, said in told) == (code, True)
    assert exported(folder, file)["providers"][0]["weight"] == before


def test_what_is_not_there_is_bad_usage(folder: Path) -> None:
    assert run(folder, "export", "-o", str(folder / "nowhere" / "x"))[0] == 2
    assert run(folder, "apply", "missing.yaml")[0] == 2
    assert run(folder, "show", "nobody")[0] == 2


def test_a_key_is_told_by_where_it_comes_from_and_its_mask_only(folder: Path) -> None:
    key = "sk-proj-0123456789abcdefghijklmnop"
    shown = json.loads(run(folder, "show", FIRST, "--json", OPENAI_API_KEY=key)[1])
    assert shown["key"] == {"source": "environment", "mask": "sk-pr...mnop", "stored": 0, "notices": []}
    out = run(folder, "show", FIRST, OPENAI_API_KEY=key)[1]
    assert ("key: sk-pr...mnop" in out, key in out) == (True, False)
    rows = json.loads(run(folder, "list", "--json", OPENAI_API_KEY=key)[1])
    assert [each["key"]["source"] for each in rows] == ["environment", "environment", "none", "none"]


def test_a_connection_is_tested_by_a_running_server_only(folder: Path) -> None:
    code, _, told = run(folder, "test", FIRST, "--url", "http://127.0.0.1:9")
    assert (code, "no server answers" in told) == (3, True)
