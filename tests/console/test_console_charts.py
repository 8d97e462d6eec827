"""Charts keep still where they should."""

from zoneinfo import ZoneInfo

from msgspec import structs

from console.charts import SHORTEST_STEPS, lively, traffic_figure
from router_core.types import EMBEDDED, MetricsReport
from tests.console.console_fakes import PROVIDERS, FakeBackend

UTC = ZoneInfo("UTC")
PLACES = {name: place for place, (name, _) in enumerate(PROVIDERS)}


async def _report(*, busy: bool) -> MetricsReport:
    return (await FakeBackend(busy=busy).overview(EMBEDDED)).report


async def test_a_provider_keeps_its_colour_while_others_come_and_go() -> None:
    everyone = await _report(busy=True)
    colours = {trace["name"]: trace["marker"]["color"] for trace in traffic_figure(everyone, UTC, PLACES)["data"]}
    assert len(set(colours.values())) == len(PROVIDERS)
    served = tuple(each for each in everyone.providers if each.name != "anthropic-claude-haiku-4-5")
    for trace in traffic_figure(structs.replace(everyone, providers=served), UTC, PLACES)["data"]:
        assert trace["marker"]["color"] == colours[trace["name"]]


async def test_a_young_server_shows_a_quarter_of_an_hour_and_a_busy_one_the_whole_hour() -> None:
    assert len(lively(await _report(busy=False)).series) == SHORTEST_STEPS
    assert len(lively(await _report(busy=True)).series) == 60
