"""``signalbox providers``: the configuration, straight in the store; every running process follows within 2 s."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from router_core.admin.configuration import ConfigurationDesk
from router_core.admin.configuration_views import Applied, ConnectionResult, ProviderView, Review
from router_core.configuration.changes import in_words
from router_core.configuration.findings import WrongConfigurationError
from router_core.types import ConfigChange, ConfigLine, Finding
from signalbox.commands.operator_client import ServerOptions, connected, segment
from signalbox.commands.output import print_json, print_line
from signalbox.commands.output_file import output_file
from signalbox.commands.store_desk import COMMAND, StoreDesk, at_desk, print_rows
from signalbox.config_file import as_yaml, read_config_file, write_config
from signalbox.configuration import command_configuration
from signalbox.exits import say
from signalbox.faults import UsageFault

__all__ = [
    "apply_file",
    "compare",
    "export_file",
    "list_providers",
    "probe_provider",
    "roll_back",
    "show_history",
    "show_provider",
]

T = TypeVar("T")
USAGE = 2


def list_providers(data_dir: Path | None, *, as_json: bool) -> None:
    """Print every provider."""
    found = _at_configuration(data_dir, lambda desk: desk.providers(COMMAND))
    if as_json:
        print_json([_shown(each) for each in found])
        return
    print_rows([_row(each.entry) for each in found], as_json=False)


def show_provider(name: str, data_dir: Path | None, *, as_json: bool) -> None:
    """Print all fields of one provider, and where its key comes from."""
    found = _at_configuration(data_dir, lambda desk: desk.provider(name, COMMAND))
    if as_json:
        print_json(_shown(found))
        return
    print_line(as_yaml({**found.entry, "version": found.version}).rstrip())
    print_line(f"key: {found.key.mask or found.key.source} (as this command's environment has it)")


def export_file(output: Path | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Write the configuration in force as YAML, or as JSON."""
    current = _at_configuration(data_dir, lambda desk: desk.current(COMMAND))
    if as_json:
        print_json({"revision": current.revision, **current.document})
        return
    with output_file(output) as file:
        file.write(write_config(current.document, current.revision).encode())


def apply_file(file: Path, data_dir: Path | None, *, base: int | None, note: str, dry_run: bool, as_json: bool) -> int:
    """Put the configuration in ``file`` in force, all or nothing; return the exit code."""
    document, written = read_config_file(file)
    guard = written if base is None else base
    if dry_run:
        review, applied = _at_configuration(data_dir, lambda desk: _reviewed(desk, document, guard))
        return _print_review(review, applied, as_json=as_json)
    applied = _at_configuration(data_dir, lambda desk: desk.apply(document, COMMAND, base=guard, note=note))
    _print_applied(applied, as_json=as_json)
    return 0


def show_history(limit: int, before: int | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Print versions, newest first."""
    page = _at_configuration(data_dir, lambda desk: desk.versions(COMMAND, before=before, limit=limit))
    if as_json:
        print_json(page)
        return
    print_rows([_line(each) for each in page.versions], as_json=False)
    if page.next is not None:
        say(f"older ones with --before {page.next}")


def compare(old: int, new: int | None, data_dir: Path | None, *, as_json: bool) -> None:
    """Print what changed from one revision to another, or to what is in force."""
    found = _at_configuration(data_dir, lambda desk: desk.compare(old, new, COMMAND))
    if as_json:
        print_json(found)
    else:
        _print_changes(found.changes)


def roll_back(revision: int, data_dir: Path | None, *, note: str, as_json: bool) -> None:
    """Put the configuration of a revision in force again."""
    applied = _at_configuration(data_dir, lambda desk: desk.rollback(revision, COMMAND, note=note))
    _print_applied(applied, as_json=as_json)


def probe_provider(name: str, options: ServerOptions) -> int:
    """Have the running server make the smallest call to a provider; return 1 when it was not answered."""
    with connected(options) as client:
        result = client.act("POST", f"providers/{segment(name)}/test", ConnectionResult)
    if options.as_json:
        print_json(result)
    elif result.ok:
        print_line(f"{result.provider} answers within {result.latency_ms:,.0f} ms")
    else:
        print_line(f"{result.provider}: {result.error}")
    return 0 if result.ok else 1


def _at_configuration(data_dir: Path | None, work: Callable[[ConfigurationDesk], Awaitable[T]]) -> T:
    async def run(desk: StoreDesk) -> T:
        vault = desk.unlocked.vault(desk.store.vault, desk.clock)
        return await work(command_configuration(desk.settings, desk.store, vault, desk.clock))

    try:
        return at_desk(data_dir, run)
    except WrongConfigurationError as error:
        raise UsageFault("\n".join(["The configuration cannot be put in force:", *_told(error.findings)])) from None


async def _reviewed(desk: ConfigurationDesk, document: Any, base: int | None) -> tuple[Review, Applied | None]:
    """Return the review, and what applying would come to. Raises :class:`ConflictError` as applying would."""
    review = await desk.review(document, COMMAND)
    if not review.valid:
        return review, None
    return review, await desk.apply(document, COMMAND, base=base, dry_run=True)


def _shown(view: ProviderView) -> dict[str, Any]:
    return {**view.entry, "version": view.version, "key": view.key}


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    state = "off" if not entry["isActive"] else "default" if entry["isDefault"] else "on"
    return {
        "name": entry["name"], "model": entry["model"], "use cases": tuple(entry["useCases"]), "state": state,
        "weight": entry["weight"],
    }  # fmt: skip


def _line(line: ConfigLine) -> dict[str, Any]:
    said = line.note or "-"
    return {"revision": line.revision, "at": line.at, "by": line.actor, "replaces": line.base, "note": said}


def _told(findings: Sequence[Finding]) -> list[str]:
    return [f"  - {each.path}: {each.message}" for each in findings]


def _print_review(review: Review, applied: Applied | None, *, as_json: bool) -> int:
    if as_json:
        print_json(review)
    elif applied is None:
        say("\n".join(["The configuration cannot be put in force:", *_told(review.findings)]))
    else:
        _print_changes(review.changes)
        _warn(review.findings)
        print_line("nothing was applied" if review.changes else "nothing would change")
    return 0 if review.valid else USAGE


def _print_applied(applied: Applied, *, as_json: bool) -> None:
    if as_json:
        print_json(applied)
        return
    _warn(applied.warnings)
    if not applied.changed:
        print_line("nothing changed: it is in force already")
        return
    _print_changes(applied.changes)
    print_line(f"in force as revision {applied.revision}")


def _print_changes(changes: Sequence[ConfigChange]) -> None:
    for each in changes:
        print_line(in_words(each))


def _warn(findings: Sequence[Finding]) -> None:
    for line in _told(findings):
        say(f"warning{line[3:]}")
