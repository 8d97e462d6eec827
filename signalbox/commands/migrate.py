"""``signalbox migrate``: the newest schema."""

from pathlib import Path

from signalbox.commands.output import print_json, print_line
from signalbox.data_dir import prepare_folder
from signalbox.logs import configure_logs
from signalbox.settings import load_settings
from signalbox.store import upgrade_store
from signalbox.unlocking import check_master_key

__all__ = ["run"]


def run(data_dir: Path | None, *, as_json: bool) -> None:
    """Bring the store to the newest schema and say where it was."""
    settings = load_settings().in_folder(data_dir)
    configure_logs(settings)
    prepare_folder(settings.data_dir)
    check_master_key(settings)
    before = upgrade_store(settings)
    if as_json:
        print_json({"before": before.current, "now": before.head})
    elif before.current == before.head:
        print_line(f"The store is at schema {before.head} already.")
    else:
        print_line(f"The store went from {before.current or 'nothing'} to schema {before.head}.")
