"""The shape of ``signalbox encryption``."""

from typing import Annotated

import typer

from signalbox.option_types import AsJson, DataDir

__all__ = ["encryption"]

encryption = typer.Typer(no_args_is_help=True, help="The keys that seal stored secrets: status, rotate.")


@encryption.command("status")
def show_status(data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Say how keys and every stored secret stand: exit 1 when one cannot be read."""
    from signalbox.commands import encryption as command

    return command.show_status(data_dir, as_json=as_json)


@encryption.command("rotate")
def rotate(
    master: Annotated[
        bool, typer.Option("--master", help="To a new master key, the first line of standard input.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Seal every stored secret under a new data key, beside running servers; run it again if it was broken off.

    Exit 4 while another rotation runs, 1 when a secret could not be read.
    """
    from signalbox.commands import encryption as command

    if master:
        command.change_master(data_dir, as_json=as_json)
        return 0
    return command.rotate(data_dir, as_json=as_json)
