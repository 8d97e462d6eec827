"""Charts keep still where they should."""

from zoneinfo import ZoneInfo

from console.charts import SHORTEST_MINUTES, lively, traffic_chart
from router_core.types import EMBEDDED
from tests.console.console_fakes import PROVIDERS, FakeBackend

UTC = ZoneInfo("UTC")


async def test_a_provider_keeps_its_colour_while_others_come_and_go() -> None:
    everyone = await FakeBackend(busy=True).overview(EMBEDDED)
    colours = {trace["name"]: trace["marker"]["color"] for trace in traffic_chart(everyone, UTC)["data"]}
    assert len(set(colours.values())) == len(PROVIDERS)
    served = tuple(each for each in everyone.metrics.providers if each.provider != "anthropic-claude-haiku-4-5")
    fewer = type(everyone)(
        metrics=type(everyone.metrics)(
            window_minutes=60,
            as_of=everyone.metrics.as_of,
            totals=everyone.metrics.totals,
            previous=everyone.metrics.previous,
            series=everyone.metrics.series,
            providers=served,
            spent_today=0,
        ),
        providers=everyone.providers,
        recent=(),
    )
    for trace in traffic_chart(fewer, UTC)["data"]:
        assert trace["marker"]["color"] == colours[trace["name"]]


async def test_a_young_server_shows_a_quarter_of_an_hour_and_a_busy_one_the_whole_hour() -> None:
    assert len(lively((await FakeBackend().overview(EMBEDDED)).metrics.series)) == SHORTEST_MINUTES
    assert len(lively((await FakeBackend(busy=True).overview(EMBEDDED)).metrics.series)) == 60
