"""``signalbox accounts|users|sessions``: what changes them, straight in the store, by the rules of the screen."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_runs import run_at


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("access")


def answer(folder: Path, *arguments: str, code: int = 0) -> Any:
    found, out, told = run_at(folder, *arguments, "--json")
    assert found == code, told
    return json.loads(out) if code == 0 else told


def test_people_and_accounts_are_changed_by_the_rules_of_the_screen(folder: Path) -> None:
    answer(folder, "accounts", "create", "Acme")
    owner = answer(folder, "users", "create", "ann@example.com", "--role", "owner")
    answer(folder, "users", "create", "bob@example.com", "--role", "viewer")
    assert answer(folder, "users", "set-role", "bob@example.com", "--role", "analyst")["role"] == "analyst"
    assert answer(folder, "users", "disable", "bob@example.com")["isActive"] is False
    assert answer(folder, "users", "enable", "bob@example.com")["isActive"] is True
    assert "last active owner must stay" in answer(folder, "users", "disable", "ann@example.com", code=4)
    fresh = answer(folder, "users", "reset-password", "ann@example.com")
    assert set(fresh) == {"id", "email", "password"}
    assert fresh["password"] != owner["password"]
    invited = answer(folder, "users", "reset-password", "bob@example.com", "--link")
    assert invited["link"].startswith("/auth/invitation/")
    assert answer(folder, "users", "remove", "bob@example.com")["removed"] is True
    assert [each["email"] for each in answer(folder, "users", "list")] == ["ann@example.com"]
    assert "last active owner must stay" in answer(folder, "users", "remove", "ann@example.com", code=4)
    set_to = answer(folder, "accounts", "set", "Acme", "--timezone", "Asia/Tokyo")
    assert (set_to["timezone"], set_to["keepsContent"]) == ("Asia/Tokyo", False)
    assert answer(folder, "accounts", "list")[0]["timezone"] == "Asia/Tokyo"
    assert "time zone" in answer(folder, "accounts", "set", "Acme", "--timezone", "Mars/Base", code=2)
    assert answer(folder, "accounts", "rename", "Acme", "Apex")["name"] == "Apex"
    assert answer(folder, "accounts", "deactivate", "Apex")["isActive"] is False
    assert answer(folder, "accounts", "activate", "Apex")["isActive"] is True
    assert answer(folder, "sessions", "list") == []
    assert answer(folder, "sessions", "revoke", "--user", "ann@example.com")["ended"] == 0
    answer(folder, "sessions", "revoke", "0" * 20, code=2)
    answer(folder, "sessions", "revoke", code=2)
