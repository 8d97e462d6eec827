"""The command line. Only its shape lives here: a command's module is imported when the command runs."""

import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from signalbox.access_commands import accounts, sessions, users
from signalbox.alert_commands import alerts
from signalbox.audit_commands import audit, retention
from signalbox.budget_commands import budgets
from signalbox.cache_commands import cache
from signalbox.encryption_commands import encryption
from signalbox.exits import guard
from signalbox.key_commands import keys
from signalbox.limit_commands import limits
from signalbox.operator_commands import breakers, drills, use_cases
from signalbox.option_types import AsJson, DataDir
from signalbox.price_commands import prices
from signalbox.provider_commands import providers
from signalbox.usage_commands import usage

__all__ = ["main"]


app = typer.Typer(
    name="signalbox",
    help="An LLM router with an operator console: routing, resilience and cost control on one port.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command that the process was started with."""
    sys.exit(guard(lambda: app(standalone_mode=False)))


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"signalbox {metadata.version('signalbox')}\n")
        raise typer.Exit


@app.callback()
def _entry(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """An LLM router with an operator console: routing, resilience and cost control on one port."""


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="Simulated providers, demo accounts, made-up traffic.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8501,
    data_dir: DataDir = None,
) -> None:
    """Serve console and HTTP API from one process on one port; migrates the store first."""
    from signalbox.commands import up as command

    command.run(command.UpOptions(demo=demo, host=host, port=port, data_dir=data_dir))


@app.command()
def serve(
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes answer.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8080,
    divide_limits: Annotated[
        bool, typer.Option("--divide-limits", help="Without Redis: each worker enforces its part of every rate limit.")
    ] = False,
    data_dir: DataDir = None,
) -> int:
    """Serve the HTTP API alone from several processes on one port; SIGHUP renews them one after the other."""
    from signalbox.commands import serve as command

    return command.run(
        command.ServeOptions(workers=workers, host=host, port=port, divides=divide_limits, data_dir=data_dir)
    )


@app.command()
def console(
    api: Annotated[str | None, typer.Option("--api", metavar="URL", help="The API. [default: SIGNALBOX_URL]")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8501,
    data_dir: DataDir = None,  # noqa: ARG001 - every command takes it; a console alone keeps nothing
) -> None:
    """Serve the console alone, against an API elsewhere; it waits for one that does not answer yet."""
    from signalbox.commands import console as command

    command.run(command.ConsoleOptions(api=api, host=host, port=port))


@app.command()
def ask(
    prompt: Annotated[str, typer.Argument(help="What to ask.")],
    use_case: Annotated[str, typer.Option(help="What the answer is for.")] = "general",
    model: Annotated[str | None, typer.Option(help="A model or provider by name.")] = None,
    stream: Annotated[bool, typer.Option(help="Show the answer as it comes.")] = True,
    explain: Annotated[bool, typer.Option("--explain", help="Show why it went where it went.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Send one request through the router; over HTTP where SIGNALBOX_URL is set."""
    from signalbox.commands import ask as command

    options = command.AskOptions(
        prompt=prompt,
        use_case=use_case,
        model=model,
        stream=stream,
        explain=explain,
        data_dir=data_dir,
        as_json=as_json,
    )
    command.run(options)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def simulate(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 9100,
    data_dir: DataDir = None,  # noqa: ARG001 - every command takes it; the simulator keeps nothing
) -> None:
    """Run the simulated OpenAI and Anthropic servers alone; further options are the simulator's own."""
    from signalbox.commands import simulate as command

    command.run(port, context.args)


@app.command()
def check(data_dir: DataDir = None, as_json: AsJson = False) -> int:
    """Say whether the router could start, and with what: exit 2 when it could not, 1 for a warning."""
    from signalbox.commands import check as command

    return command.run(data_dir, as_json=as_json)


@app.command()
def migrate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Bring the store to the newest schema: exit 4 when another migration is running."""
    from signalbox.commands import migrate as command

    command.run(data_dir, as_json=as_json)


@app.command()
def sbom(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File. [default: standard output]")] = None,
    lock: Annotated[
        Path | None, typer.Option(help="uv.lock to take archives' hashes from. [default: the program's own]")
    ] = None,
    data_dir: DataDir = None,  # noqa: ARG001 - every command takes it; this one reads what is installed
) -> None:
    """Write the bill of materials of what is installed, as CycloneDX JSON."""
    from signalbox.commands import sbom as command

    command.run(output, lock)


@app.command()
def nodes(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the processes that serve from the store, and those lost within an hour."""
    from signalbox.commands import nodes as command

    command.list_nodes(data_dir, as_json=as_json)


@app.command()
def replay(
    trace: Annotated[Path, typer.Argument(help="CSV or CSV.GZ: TIMESTAMP, ContextTokens, GeneratedTokens.")],
    speed: Annotated[float, typer.Option(help="How many times faster than it happened.")] = 1.0,
    requests: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    url: Annotated[str | None, typer.Option(help="Server. [default: SIGNALBOX_URL, else the demo's]")] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=10_000, help="Most requests under way.")] = 256,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Send a recorded workload through a running server, with the key in SIGNALBOX_API_KEY; exit 1 for failures."""
    from signalbox.commands import replay as command

    options = command.ReplayOptions(
        trace=trace,
        speed=speed,
        requests=requests,
        url=url,
        concurrency=concurrency,
        as_json=as_json,
        data_dir=data_dir,
    )
    return command.run(options)


app.add_typer(accounts, name="accounts")
app.add_typer(budgets, name="budgets")
app.add_typer(limits, name="limits")
app.add_typer(alerts, name="alerts")
app.add_typer(prices, name="prices")
app.add_typer(providers, name="providers")
app.add_typer(usage, name="usage")
app.add_typer(users, name="users")
app.add_typer(sessions, name="sessions")
app.add_typer(keys, name="keys")
app.add_typer(audit, name="audit")
app.add_typer(retention, name="retention")
app.add_typer(drills, name="drills")
app.add_typer(breakers, name="breakers")
app.add_typer(use_cases, name="use-cases")
app.add_typer(cache, name="cache")
app.add_typer(encryption, name="encryption")
