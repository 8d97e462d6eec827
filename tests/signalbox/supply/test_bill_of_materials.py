"""``signalbox sbom``: what is installed, with licences and digests, in the form that other programs read."""

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from signalbox.supply.bill import FILES_DIGEST
from signalbox.supply.licences import licence_of
from tests.support.command_runs import run_command

NEEDED = {"anthropic", "cryptography", "openai", "sqlalchemy", "starlette", "streamlit", "uvicorn"}
NOT_NEEDED = {"mypy", "pytest", "ruff", "playwright"}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("bill") / "bom.json"
    done = run_command("sbom", "-o", str(file))
    assert (done.returncode, done.stdout) == (0, "")
    return file.read_text("utf-8")


@pytest.fixture(scope="module")
def bill(document: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document)
    return found


def test_the_document_holds_to_the_official_schema(document: str) -> None:
    from cyclonedx.schema import SchemaVersion  # heavy: every worker reads this file, and one runs it
    from cyclonedx.validation.json import JsonStrictValidator

    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(document) is None
    assert validator.validate_str(document.replace('"components"', '"parts"')) is not None


def test_what_the_program_needs_is_in_it_and_what_only_its_makers_need_is_not(bill: dict[str, Any]) -> None:
    versions = {each["name"]: each["version"] for each in bill["components"]}
    assert set(versions) >= NEEDED
    assert not set(versions) & NOT_NEEDED
    assert versions["streamlit"] == metadata.version("streamlit")
    assert bill["metadata"]["component"]["name"] == "signalbox"
    assert bill["metadata"]["component"]["version"] == metadata.version("signalbox")


def test_every_part_has_a_licence_a_digest_of_its_files_and_that_of_its_archive(bill: dict[str, Any]) -> None:
    for each in bill["components"]:
        assert each["licenses"], each["name"]
        assert [len(digest["content"]) for digest in each["hashes"]] == [64], each["name"]
        assert {told["name"]: len(told["value"]) for told in each["properties"]} == {FILES_DIGEST: 64}


def test_the_parts_hang_together(bill: dict[str, Any]) -> None:
    needs = {each["ref"]: set(each.get("dependsOn", ())) for each in bill["dependencies"]}
    reached, wanted = set[str](), [bill["metadata"]["component"]["bom-ref"]]
    while wanted:
        ref = wanted.pop()
        if ref not in reached:
            reached.add(ref)
            wanted += needs[ref]
    assert reached == {*(each["bom-ref"] for each in bill["components"]), bill["metadata"]["component"]["bom-ref"]}


def test_without_a_lock_the_parts_are_the_same_and_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "uv.lock"
    wrong.write_text("no lock")
    done = run_command("sbom", "--lock", str(wrong))
    assert done.returncode == 2
    assert "no lock file" in done.stderr
    wrong.write_text("package = []\n")
    plain = json.loads(run_command("sbom", "--lock", str(wrong)).stdout)
    assert plain["components"]
    assert not any("hashes" in each for each in plain["components"])


@pytest.mark.parametrize(
    ("expression", "text", "classifiers", "expected"),
    [
        ("Apache-2.0 OR BSD-3-Clause", None, [], "Apache-2.0 OR BSD-3-Clause"),
        (None, "MIT", [], "MIT"),
        (None, "Apache License 2.0", ["License :: OSI Approved :: MIT License"], "Apache-2.0"),
        (None, "Copyright 2026\nAll rights", ["License :: OSI Approved :: ISC License (ISCL)"], "ISC"),
        (None, None, ["License :: OSI Approved", "License :: OSI Approved :: MIT License"], "MIT"),
        (
            None, "", ["License :: OSI Approved :: MIT License", "License :: OSI Approved :: Apache Software License"],
            "MIT AND Apache-2.0",
        ),
        (None, "Proprietary", [], None),
        (None, "", ["License :: OSI Approved :: MIT License", "License :: Other/Proprietary License"], None),
        (None, None, ["License :: OSI Approved :: GNU General Public License v3 (GPLv3)"], None),
        (None, None, [], None),
    ],
)  # fmt: skip
def test_a_licence_is_what_the_package_states_clearly_or_unknown(
    expression: str | None, text: str | None, classifiers: list[str], expected: str | None
) -> None:
    assert licence_of(expression, text, classifiers) == expected
