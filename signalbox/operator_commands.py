"""The shape of the commands for a running server: ``drills``, ``breakers``, ``use-cases``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router_core.types import DrillFault, MidStream, Strategy

if TYPE_CHECKING:
    from signalbox.commands.operator_client import ServerOptions
from signalbox.option_types import AsJson, DemoDir

__all__ = ["breakers", "drills", "use_cases"]

Url = Annotated[str | None, typer.Option(help="Server. [default: SIGNALBOX_URL, else the demo's]")]
Target = Annotated[str, typer.Argument(metavar="PROVIDER", help="A provider's name, or an upstream's id.")]
Seconds = Annotated[float | None, typer.Option(help="For how long, 1 to 86400. [default: until it is reset]")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The use case.")]

drills = typer.Typer(no_args_is_help=True, help="Faults on purpose: start, stop, list.")
breakers = typer.Typer(no_args_is_help=True, help="Circuit breakers: list, reset, open, close.")
use_cases = typer.Typer(no_args_is_help=True, help="How use cases are served: list, set, reset.")


@drills.command("start")
def start_drill(  # noqa: PLR0913 - one for each option
    *,
    provider: Annotated[str, typer.Argument(help="Name of the provider whose calls are spoilt.")],
    fault: Annotated[DrillFault, typer.Option(help="What goes wrong.")],
    percent: Annotated[float, typer.Option(help="Share of the calls.")] = 100.0,
    seconds: Annotated[int, typer.Option(help="For how long, at most 3600.")] = 60,
    delay: Annotated[float, typer.Option(help="Seconds by which slow_first_token is late.")] = 5.0,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it is over and tell what users felt.")] = False,
    url: Url = None,
    data_dir: DemoDir = None,
    as_json: AsJson = False,
) -> None:
    """Inject a fault into a running server; it ends by itself."""
    from signalbox.commands import drills as command

    order = command.make_order(
        provider=provider, fault=fault, percent=percent, durationS=seconds, delayS=delay, reason=reason
    )
    command.start_drill(order, _options(url, data_dir, as_json=as_json), wait=wait)


@drills.command("stop")
def stop_drill(
    drill_id: Annotated[str, typer.Argument(metavar="ID", help="The drill's id.")],
    url: Url = None,
    data_dir: DemoDir = None,
    as_json: AsJson = False,
) -> None:
    """Stop a drill before its time."""
    from signalbox.commands import drills as command

    command.stop_drill(drill_id, _options(url, data_dir, as_json=as_json))


@drills.command("list")
def list_drills(url: Url = None, data_dir: DemoDir = None, as_json: AsJson = False) -> None:
    """List drills and what users felt of them."""
    from signalbox.commands import drills as command

    command.list_drills(_options(url, data_dir, as_json=as_json))


@breakers.command("list")
def list_breakers(url: Url = None, data_dir: DemoDir = None, as_json: AsJson = False) -> None:
    """List every upstream with its breaker."""
    from signalbox.commands import breakers as command

    command.list_breakers(_options(url, data_dir, as_json=as_json))


@breakers.command("reset")
def reset_breaker(
    target: Target,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    url: Url = None,
    data_dir: DemoDir = None,
    as_json: AsJson = False,
) -> None:
    """Close a breaker, and end its force and its rests."""
    from signalbox.commands import breakers as command

    command.act_on_breaker(target, "reset", command.BreakerOrder(reason), _options(url, data_dir, as_json=as_json))


@breakers.command("open")
def open_breaker(
    target: Target,
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    seconds: Seconds = None,
    url: Url = None,
    data_dir: DemoDir = None,
    as_json: AsJson = False,
) -> None:
    """Send no calls there, whatever happens."""
    from signalbox.commands import breakers as command

    order = command.BreakerOrder(reason, seconds)
    command.act_on_breaker(target, "open", order, _options(url, data_dir, as_json=as_json))


@breakers.command("close")
def close_breaker(
    target: Target,
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    seconds: Seconds = None,
    url: Url = None,
    data_dir: DemoDir = None,
    as_json: AsJson = False,
) -> None:
    """Keep sending calls there, whatever happens."""
    from signalbox.commands import breakers as command

    order = command.BreakerOrder(reason, seconds)
    command.act_on_breaker(target, "close", order, _options(url, data_dir, as_json=as_json))


@use_cases.command("list")
def list_use_cases(url: Url = None, data_dir: DemoDir = None, as_json: AsJson = False) -> None:
    """List every use case and how it is served."""
    from signalbox.commands import use_cases as command

    command.list_use_cases(_options(url, data_dir, as_json=as_json))


@use_cases.command("set")
def set_policy(  # noqa: PLR0913 - one for each option
    *,
    name: Name,
    first_token: Annotated[float | None, typer.Option(help="Seconds to a stream's first token.")] = None,
    idle: Annotated[float | None, typer.Option(help="Seconds between a stream's tokens.")] = None,
    connect: Annotated[float | None, typer.Option(help="Seconds to connect.")] = None,
    min_rate: Annotated[float | None, typer.Option(help="Tokens a second below which a stream hangs.")] = None,
    mid_stream: Annotated[MidStream | None, typer.Option(help="When a stream breaks off in the middle.")] = None,
    refusal_fails_over: Annotated[
        bool | None, typer.Option(help="Ask the next provider when one refuses the content.")
    ] = None,
    hedge: Annotated[bool | None, typer.Option(help="Ask the next provider too when the first token is late.")] = None,
    hedge_after: Annotated[int | None, typer.Option(help="Milliseconds that count as late; 0 for p95.")] = None,
    strategy: Annotated[Strategy | None, typer.Option(help="Who is asked first.")] = None,
    order: Annotated[str | None, typer.Option(help="Providers in order: A,B,C; '' for the default order.")] = None,
    weights: Annotated[str | None, typer.Option(help="Weights: A=70,B=30; '' for those of the rows.")] = None,
    canary: Annotated[str | None, typer.Option(help="A provider's share of the requests: A=5; '' for none.")] = None,
    sticky: Annotated[bool | None, typer.Option(help="Draw once for a conversation, not for a request.")] = None,
    cache_similarity: Annotated[
        float | None,
        typer.Option(help="How similar a question may do, 0.5 to 1; 0 for equal ones alone."),
    ] = None,
    cache_ttl: Annotated[int | None, typer.Option(help="Seconds that answers are kept; 0 for none.")] = None,
    url: Url = None,
    data_dir: DemoDir = None,
    as_json: AsJson = False,
) -> None:
    """Change how a use case is served; what is not named stays as it is."""
    from signalbox.commands import use_cases as command

    changes = {
        "first_token_s": first_token,
        "idle_s": idle,
        "connect_s": connect,
        "min_tokens_per_s": min_rate,
        "mid_stream": mid_stream,
        "refusal_fails_over": refusal_fails_over,
        "hedge": hedge,
        "hedge_after_ms": hedge_after,
        "strategy": strategy,
        "order": command.read_order(order),
        "weights": command.read_weights(weights),
        "canary": command.read_canary(canary),
        "sticky": sticky,
        "cache_ttl_s": cache_ttl,
        "cache_similarity": cache_similarity,
    }
    command.set_policy(name, changes, _options(url, data_dir, as_json=as_json))


@use_cases.command("reset")
def reset_policy(name: Name, url: Url = None, data_dir: DemoDir = None, as_json: AsJson = False) -> None:
    """Serve a use case by default again."""
    from signalbox.commands import use_cases as command

    command.reset_policy(name, _options(url, data_dir, as_json=as_json))


def _options(url: str | None, data_dir: Path | None, *, as_json: bool) -> "ServerOptions":
    from signalbox.commands.operator_client import ServerOptions

    return ServerOptions(url=url, data_dir=data_dir, as_json=as_json)
