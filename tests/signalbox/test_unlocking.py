"""The master key: where it is from, what hangs on it, and that a wrong one touches nothing."""

import base64
import json
import shutil
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy import insert

from db.engine import make_engine, writing
from db.migrate import downgrade
from db.models import Account, ApiKey
from db.record_models import AuditCheckpoint
from router_core.clock import SystemClock
from router_core.security.stored_keys import sealed_place
from router_core.security.vault.key_manager import KeyManager
from router_core.security.vault.master import RootSecret
from router_core.types import Secret
from signalbox.audit_identity import chain_signer
from signalbox.faults import DependencyFault, SettingsError
from signalbox.master_key import given_key
from signalbox.settings import Settings, read_settings
from signalbox.unlocking import Unlocked, check_master_key, count_unreadable, unlock
from tests.support.command_runs import run_at
from tests.support.fake_clock import FakeClock

RAW = bytes(range(32))
EXACT = base64.b64encode(RAW).decode()
PASSPHRASE = "a passphrase of some length"
NOW = FakeClock().utcnow()


def settings_in(folder: object, **env: str) -> Settings:
    return read_settings({"SIGNALBOX_DATA_DIR": str(folder), **env})


@pytest.fixture
def folder(migrated_sqlite: Path, tmp_path: Path) -> Path:
    """A data directory with a migrated store that nobody has started on."""
    shutil.copy(migrated_sqlite, tmp_path / "signalbox.db")
    return tmp_path


def opened(folder: Path, **env: str) -> Unlocked:
    return unlock(settings_in(folder, **env), SystemClock(), migrate=True)


def older_key(raw: bytes, purpose: str) -> bytes:
    """Return what was derived from the master key before there was a root secret."""
    info = f"signalbox {purpose} v1".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(raw)


def older_store(folder: Path, signer: bytes | None = None) -> None:
    """Make the store one of before the vault, with an API key, and a checkpoint signed under ``signer``."""
    engine = make_engine(f"sqlite:///{folder / 'signalbox.db'}")
    downgrade(engine, "0013")
    with writing(engine).begin() as connection:
        connection.execute(insert(Account).values(id="a", name="a", created_at=NOW))
        row: dict[str, Any] = {"id": "k", "account_id": "a", "role": "service", "name": "k", "secret_hash": b"h"}
        connection.execute(insert(ApiKey).values(created_at=NOW, **row))
        if signer is not None:
            signs = chain_signer(RootSecret(signer)).key_id
            checkpoint = {"writer": "w", "seq": 1, "hash": b"h" * 32, "at": NOW, "key_id": signs, "signature": b"s"}
            connection.execute(insert(AuditCheckpoint).values(checkpoint))
    engine.dispose()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix not in {".db-shm", ".db-wal"}}


def test_the_key_file_is_made_once_and_private(folder: Path) -> None:
    first, second = opened(folder), opened(folder)
    path = folder / "encryption.key"
    assert (first.given.made, second.given.made) == (True, False)
    assert first.root.derive("x") == second.root.derive("x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_bytes()) == 32


def test_each_purpose_has_a_key_of_its_own(folder: Path) -> None:
    root = opened(folder).root
    assert root.derive("one") != root.derive("other")


@pytest.mark.parametrize("key", [PASSPHRASE, EXACT])
def test_a_key_of_the_environment_opens_the_store_from_any_folder_and_makes_no_file(folder: Path, key: str) -> None:
    here = opened(folder, SIGNALBOX_ENCRYPTION_KEY=key)
    there = opened(
        folder / "elsewhere",
        POSTGRES_ENCRYPTION_KEY=key,
        DATABASE_URL=f"sqlite:///{folder / 'signalbox.db'}",
    )
    assert here.root.derive("x") == there.root.derive("x")
    assert not (folder / "encryption.key").exists()


def test_32_bytes_in_base64_are_the_key_file_in_a_variable(folder: Path) -> None:
    made = opened(folder)
    text = base64.b64encode((folder / "encryption.key").read_bytes()).decode()
    assert opened(folder, SIGNALBOX_ENCRYPTION_KEY=text).root.derive("x") == made.root.derive("x")


@pytest.mark.parametrize("key", [PASSPHRASE, EXACT])
def test_a_store_of_before_the_vault_keeps_what_hung_on_its_master_key(folder: Path, key: str) -> None:
    older = RAW if key == EXACT else Scrypt(salt=b"signalbox passphrase v1", length=32, n=2**15, r=8, p=1).derive(
        key.encode()
    )  # fmt: skip
    older_store(folder, signer=older)
    root = opened(folder, SIGNALBOX_ENCRYPTION_KEY=key).root
    assert root.derive("api key pepper") == older_key(older, "api key pepper")
    assert opened(folder, SIGNALBOX_ENCRYPTION_KEY=key).root.derive("x") == older_key(older, "x")


def test_a_new_store_has_a_root_of_its_own_whatever_its_master_key(folder: Path) -> None:
    assert opened(folder, SIGNALBOX_ENCRYPTION_KEY=EXACT).root.derive("x") != older_key(RAW, "x")


@pytest.mark.parametrize("wrong", ["another passphrase of length", base64.b64encode(bytes(range(200, 232))).decode()])
def test_a_wrong_key_is_named_by_its_variable_and_nothing_is_touched(folder: Path, wrong: str) -> None:
    opened(folder, SIGNALBOX_ENCRYPTION_KEY=PASSPHRASE)
    before = contents(folder)
    with pytest.raises(SettingsError, match="SIGNALBOX_ENCRYPTION_KEY is not the key") as caught:
        opened(folder, SIGNALBOX_ENCRYPTION_KEY=wrong)
    assert wrong not in caught.value.message
    assert contents(folder) == before


def test_a_wrong_key_file_is_named_and_what_a_killed_process_left_is_not_tidied_up(folder: Path) -> None:
    opened(folder)
    left = shutil.copytree(folder, folder / "left")
    reader = sqlite3.connect(folder / "signalbox.db")
    reader.execute("CREATE TABLE left_over (x)")
    reader.commit()
    for name in ("signalbox.db", "signalbox.db-wal"):
        shutil.copy(folder / name, left / name)
    reader.close()
    (left / "encryption.key").write_bytes(b"w" * 32)
    before = {name: (left / name).read_bytes() for name in ("signalbox.db", "signalbox.db-wal", "encryption.key")}
    assert before["signalbox.db-wal"]
    with pytest.raises(SettingsError, match=r"encryption\.key is not the key"):
        opened(left)
    assert {name: (left / name).read_bytes() for name in before} == before


def test_a_wrong_key_is_found_out_before_the_store_is_migrated(folder: Path) -> None:
    older_store(folder, signer=RAW)
    before = contents(folder)
    with pytest.raises(SettingsError, match="SIGNALBOX_ENCRYPTION_KEY is not the key"):
        opened(folder, SIGNALBOX_ENCRYPTION_KEY=PASSPHRASE)
    with pytest.raises(SettingsError, match="is missing"):
        opened(folder)
    assert contents(folder) == before


def test_a_key_file_that_is_gone_is_asked_for_and_not_made_anew(folder: Path) -> None:
    opened(folder)
    (folder / "encryption.key").unlink()
    with pytest.raises(SettingsError, match=r"encryption\.key is missing.*restore it from its backup"):
        check_master_key(settings_in(folder))
    assert not (folder / "encryption.key").exists()


def test_a_check_of_a_store_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    check_master_key(settings_in(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_key_file_is_refused_and_left_alone(folder: Path) -> None:
    (folder / "encryption.key").write_bytes(b"short")
    with pytest.raises(SettingsError, match="does not hold a key of 32 bytes"):
        opened(folder)
    assert (folder / "encryption.key").read_bytes() == b"short"


def test_a_key_file_that_others_can_read_is_refused(folder: Path) -> None:
    opened(folder)
    (folder / "encryption.key").chmod(0o644)
    with pytest.raises(SettingsError, match="can be read by others"):
        opened(folder)


def test_a_key_path_that_is_a_folder_is_one_clear_fault(folder: Path) -> None:
    (folder / "encryption.key").mkdir()
    with pytest.raises(DependencyFault, match="cannot be used: Is a directory"):
        given_key(settings_in(folder))


@pytest.mark.parametrize(
    "damage",
    [
        "update key_wraps set sealed = zeroblob(length(sealed)) where name = 'root'",
        "update key_wraps set sealed = zeroblob(length(sealed)) where name = 'data 1'",
        "update key_wraps set sealed = 7 where name = 'data 1'",
        "delete from key_wraps where name = 'data 1'",
        "delete from data_keys",
        "update data_keys set state = 'draining'",
    ],
)
def test_wrapped_keys_that_were_changed_are_named_as_such_and_nothing_is_touched(folder: Path, damage: str) -> None:
    opened(folder)
    with sqlite3.connect(folder / "signalbox.db") as connection:
        connection.execute(damage)
    connection.close()
    before = contents(folder)
    for ask in (lambda: opened(folder), lambda: check_master_key(settings_in(folder))):
        with pytest.raises(SettingsError, match="wrapped keys in the store were changed"):
            ask()
    assert contents(folder) == before


def test_stored_secrets_that_cannot_be_read_are_counted_and_warned_of_before_a_start(folder: Path) -> None:
    unlocked = opened(folder)
    keys = KeyManager(unlocked.opened.ring(unlocked.record))
    sound = keys.seal(sealed_place("k1", None), Secret("sk-stored-0123456789abcdef"))
    store_sealed(folder, "k1", sound)
    assert count_unreadable(settings_in(folder)) == 0
    for number, odd in enumerate((sound, sound[:-1], b"", 7, "text" * 20), start=2):
        store_sealed(folder, f"k{number}", odd)
    before = contents(folder)
    assert count_unreadable(settings_in(folder)) == 5
    code, output, _ = run_at(folder, "check", "--json")
    (told,) = (each for each in json.loads(output)["findings"] if each["level"] == "warning")
    assert (code, told["text"][:14]) == (1, "5 cannot be re")
    assert contents(folder) == before


def store_sealed(folder: Path, key_id: str, sealed: object) -> None:
    """Put a row into the table of providers' keys by hand."""
    moment = "2026-03-01 00:00:00.000000"
    row = (key_id, "p", "", sealed, 1, "sk-***", "openai", moment, "ann", moment, "ann", moment)
    names = (
        "id, provider_id, label, sealed, key_version, mask, place, entered_at, created_by, created_at, changed_by, "
        "changed_at"
    )
    with sqlite3.connect(folder / "signalbox.db") as connection:
        connection.execute(f"insert into provider_keys ({names}) values ({', '.join('?' * len(row))})", row)
    connection.close()
