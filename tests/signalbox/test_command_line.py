"""What people see of the commands: exit codes, one clear line, no traceback."""

import json
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.command_runs import run_command
from tests.support.demo_process import clean_environment, signalbox_command
from tests.support.key_text import key_secret

KEY = {"OPENAI_API_KEY": "sk-test"}


def run(*arguments: str, stdin: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
    return without_a_traceback(run_command(*arguments, stdin=stdin, **environment))


def run_from_nothing(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in an interpreter of its own, as people do."""
    done = subprocess.run(
        signalbox_command(*arguments),
        env=clean_environment(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return without_a_traceback(done)


def without_a_traceback(done: "subprocess.CompletedProcess[str]") -> "subprocess.CompletedProcess[str]":
    assert "Traceback" not in done.stdout + done.stderr
    return done


def complaint(*arguments: str, code: int, **environment: str) -> str:
    return said(run(*arguments, **environment), code)


def said(done: "subprocess.CompletedProcess[str]", code: int) -> str:
    assert done.returncode == code, done.stderr
    return done.stderr.strip()


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "data")


@pytest.fixture
def blocked(tmp_path: Path) -> str:
    """A path below a file, where no directory can be, whoever asks."""
    (tmp_path / "file").write_text("")
    return str(tmp_path / "file" / "data")


COMMANDS = (
    ["up"],
    ["simulate"],
    ["ask"],
    ["check"],
    ["migrate"],
    ["replay"],
    ["accounts", "create"],
    ["accounts", "list"],
    ["users", "create"],
    ["users", "list"],
    ["users", "disable"],
    ["keys", "create"],
    ["keys", "list"],
    ["keys", "revoke"],
    ["keys", "roll"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_and_takes_a_data_directory(command):
    done = run(*command, "--help", COLUMNS="200")
    assert done.returncode == 0
    assert "--data-dir" in done.stdout


def test_bad_usage_is_exit_code_2():
    assert "No such command 'upp'" in said(run_from_nothing("upp"), 2)
    assert "No such option: --wrong" in complaint("check", "--wrong", code=2)


def test_bad_settings_are_all_listed_without_their_values(folder):
    text = complaint("check", "--data-dir", folder, code=2, SIGNALBOX_LOGLEVEL="x", REDIS_URL="hidden-value")
    assert "SIGNALBOX_LOGLEVEL is not a variable of Signalbox; did you mean SIGNALBOX_LOG_LEVEL?" in text
    assert "REDIS_URL must be" in text
    assert "hidden-value" not in text


def test_check_says_that_the_router_could_not_start_without_a_provider_key(folder):
    done = run("check", "--data-dir", folder)
    assert done.returncode == 2
    assert "set OPENAI_API_KEY or ANTHROPIC_API_KEY" in done.stdout


def test_check_is_content_with_one_key_and_makes_nothing(folder):
    done = run_from_nothing("check", "--data-dir", folder, "--json", **KEY)
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["ok"] is True
    assert not Path(folder).exists()


def test_check_warns_of_a_switch_that_is_off(folder):
    done = run("check", "--data-dir", folder, LLM_OPENAI_ENABLED="false", **KEY)
    assert done.returncode == 1
    assert "switched off by LLM_OPENAI_ENABLED" in done.stdout


def test_up_and_ask_without_a_provider_key_are_one_clear_line_and_exit_2(folder):
    assert "the router cannot start" in complaint("up", "--port", "0", "--data-dir", folder, code=2)
    assert "set OPENAI_API_KEY" in complaint("ask", "hello", "--data-dir", folder, code=2)


def test_a_taken_port_is_one_clear_line_and_exit_3(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        text = complaint("up", "--port", port, "--data-dir", folder, code=3, **KEY)
    assert text == f"signalbox: port {port} on 127.0.0.1 is taken by another program"


def test_an_unknown_host_is_one_clear_line_and_exit_3(folder):
    text = complaint("up", "--host", "no.such.host.invalid", "--data-dir", folder, code=3, **KEY)
    assert text == "signalbox: the host no.such.host.invalid is not known"


@pytest.mark.parametrize("command", [["up", "--port", "0"], ["migrate"], ["accounts", "list"], ["ask", "hello"]])
def test_a_data_directory_that_cannot_be_made_is_one_clear_line_and_exit_3(blocked, command):
    text = said(run_from_nothing(*command, "--data-dir", blocked, **KEY), 3)
    assert text == f"signalbox: the data directory {blocked} cannot be written: Not a directory"


def test_an_unreachable_store_is_exit_3_and_shows_no_password(folder):
    url = "postgresql://someone:hidden-word@127.0.0.1:9/none"
    text = complaint("migrate", "--data-dir", folder, code=3, DATABASE_URL=url)
    assert text.startswith("signalbox: the store cannot be used")
    assert "hidden-word" not in text


def test_an_unreachable_redis_is_one_clear_line_and_exit_3_and_shows_no_password(folder):
    url = "redis://:hidden-value@127.0.0.1:9/0"
    text = complaint("up", "--data-dir", folder, "--port", "0", code=3, REDIS_URL=url, OPENAI_API_KEY="sk-x")
    assert [line for line in text.splitlines() if "Redis" in line] == [
        "… Redis: REDIS_URL is set; it has to answer before anything is served",
        text.splitlines()[-1],
    ]
    assert text.splitlines()[-1].startswith("signalbox: Redis at REDIS_URL does not answer")
    assert "hidden-value" not in text


def test_migrating_twice_changes_nothing(folder):
    first = json.loads(run("migrate", "--data-dir", folder, "--json").stdout)
    second = json.loads(run("migrate", "--data-dir", folder, "--json").stdout)
    assert first["before"] is None
    assert second["before"] == second["now"] == first["now"]


def test_the_demo_refuses_a_store_that_is_not_a_demo(folder):
    run("migrate", "--data-dir", folder)
    text = complaint("up", "--demo", "--port", "0", "--data-dir", folder, code=2)
    assert text == f"signalbox: {folder} holds something that is not a demo; choose another --data-dir"


def test_accounts_people_and_keys_are_made_listed_and_ended(folder):
    def answer(*arguments: str, stdin: str = ""):
        done = run(*arguments, "--data-dir", folder, "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    account = answer("accounts", "create", "acme")
    assert [each["name"] for each in answer("accounts", "list")] == ["acme"]

    user = answer("users", "create", "Ann@Example.com", "--role", "owner", stdin="a password from stdin\n")
    assert user["password"] == "a password from stdin"
    generated = answer("users", "create", "bob@example.com", "--role", "viewer", "--account", "acme")
    assert len(generated["password"]) >= 20
    assert answer("users", "disable", "bob@example.com")["isActive"] is False
    people = {each["email"]: each for each in answer("users", "list")}
    assert people["ann@example.com"]["accounts"] == [account["id"]]
    assert people["bob@example.com"]["isActive"] is False
    assert "password" not in json.dumps(list(people.values()))

    key = answer("keys", "create", "--account", "acme", "--role", "admin")
    assert key["key"].startswith(f"sbx_{key['id']}_")
    assert set(key) == {"id", "key"}
    assert answer("keys", "revoke", key["id"])["revoked"] is True
    limits = ("--model", "gpt-4o", "--use-case", "draft", "--use-case", "summary", "--route", "/api/llm")
    limited = answer("keys", "create", "--account", "acme", "--name", "ci", "--expires", "90d", *limits)
    rolled = answer("keys", "roll", limited["id"], "--grace", "2h")
    keys = {each["id"]: each for each in answer("keys", "list", "--account", "acme")}
    assert (keys[key["id"]]["state"], keys[limited["id"]]["state"]) == ("revoked", "ending")
    assert rolled["replacedUntil"] == keys[limited["id"]]["expiresAt"]
    scopes = {"routes": ["/api/llm"], "useCases": ["draft", "summary"], "models": ["gpt-4o"]}
    assert (keys[rolled["id"]]["name"], keys[rolled["id"]]["scopes"]) == ("ci", scopes)
    assert keys[rolled["id"]]["expiresAt"] is not None
    for each in (key, limited, rolled):
        assert key_secret(each["key"]) not in json.dumps(list(keys.values()))


def test_wrong_administrative_input_is_exit_2(folder):
    run("accounts", "create", "acme", "--data-dir", folder)
    assert "already taken" in complaint("accounts", "create", "acme", "--data-dir", folder, code=2)
    assert "no account called 'nobody'" in complaint(
        "keys", "create", "--account", "nobody", "--data-dir", folder, code=2
    )
    assert "e-mail" in complaint("users", "create", "nobody", "--role", "owner", "--data-dir", folder, code=2)
    assert "There is no such API key" in complaint("keys", "revoke", "zzzz", "--data-dir", folder, code=2)
    wanted = ("keys", "create", "--account", "acme", "--data-dir", folder)
    assert "scopes.models" in complaint(*wanted, "--model", "gpt-99", code=2)
    assert "--expires" in complaint(*wanted, "--expires", "soon", code=2)
    assert "--grace" in complaint("keys", "roll", "zzzz", "--grace", "long", "--data-dir", folder, code=2)


def test_replay_names_what_is_missing(folder, tmp_path):
    trace = tmp_path / "trace.csv"
    trace.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,1,1\n")
    assert "SIGNALBOX_API_KEY is not set" in complaint("replay", str(trace), "--data-dir", folder, code=2)
    assert "--url must be" in complaint("replay", str(trace), "--url", "nowhere", "--data-dir", folder, code=2)
    text = complaint("replay", str(trace), "--url", "http://127.0.0.1:9", code=3, SIGNALBOX_API_KEY="sbx_a_b")
    assert text.endswith("no server answers at http://127.0.0.1:9")


SECRET = "sk-a-secret-in-the-wrong-place"


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys", "create", "--account", "acme", SECRET),
        ("encryption", "rotate", "--master", SECRET),
        ("users", "create", "a@example.com", "--role", "owner", "--password", SECRET),
        ("users", "create", "a@example.com", "--role", "owner", f"--password={SECRET}"),
        ("check", SECRET),
    ],
)
def test_a_secret_as_an_argument_is_refused_and_not_repeated(arguments):
    assert SECRET not in complaint(*arguments, code=2)


def test_a_terminal_that_knows_few_characters_gets_those(folder):
    environment = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", **KEY}
    done = run_from_nothing("check", "--data-dir", folder, **environment)
    assert (done.returncode, "internal error" in done.stderr) == (0, False)
    assert "? store: SQLite" in done.stdout + done.stderr


def test_a_reader_that_goes_away_is_no_error(folder):
    command = " ".join(f"'{part}'" for part in signalbox_command("check", "--data-dir", folder, "--json"))
    done = subprocess.run(
        ["/bin/bash", "-c", f"{command} | true; exit ${{PIPESTATUS[0]}}"],
        env=clean_environment(**KEY),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_taken_out_of_an_accounts_texts_is_set_by_command(folder: str) -> None:
    at = ("--data-dir", folder, "--json")
    run("accounts", "create", "acme", *at)
    done = json.loads(run("accounts", "set", "acme", "--keep-content", "--redaction", "secrets", *at).stdout)
    assert (done["keepsContent"], done["redaction"]) == (True, "secrets")
    done = json.loads(run("accounts", "set", "acme", "--redaction", "personal", *at).stdout)
    assert (done["keepsContent"], done["redaction"]) == (True, "personal")
    (listed,) = json.loads(run("accounts", "list", *at).stdout)
    assert listed["redaction"] == "personal"
    assert "personal or secrets" in complaint("accounts", "set", "acme", "--redaction", "none", *at, code=2)
    assert "nothing to set" in complaint("accounts", "set", "acme", *at, code=2)
