"""What every recorded answer cost, by our reading of its usage, equals genai-prices on the recorded usage itself."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from genai_prices import calc_price, extract_usage

from router_core.types import NANO_PER_USD, PriceBook, Tariff, Usage
from signalbox.prices import load_catalogue
from tests.recordings.recorded_answers import exchanges, expected, is_stream

FOLDER = os.environ.get("TEST_RECORDINGS", "")
REQUIRED = os.environ.get("REQUIRE_TEST_DATA") == "1"
AT = datetime(2026, 11, 1, tzinfo=UTC)
LEAST = 50


@pytest.fixture(scope="module")
def prices() -> Tariff:
    catalogue = load_catalogue(AT)
    return Tariff(PriceBook(catalogue.listed), catalogue.canonical, None, AT)


def recorded_usage(recording: dict[str, Any]) -> dict[str, Any] | None:
    """Return the answer as genai-prices reads it: whole, or what a stream said of its model and usage."""
    body = recording["response"]["body"]
    if not is_stream(recording):
        whole: dict[str, Any] = json.loads(body)
        return whole if whole.get("usage") else None
    lines = [line[5:].strip() for line in body.splitlines() if line.startswith("data:")]
    events = [json.loads(line) for line in lines if line != "[DONE]"]
    model: str | None = None
    usage: dict[str, Any] = {}
    for event in events:
        said = event.get("message", event)
        model = said.get("model") or model
        usage |= {name: each for name, each in (said.get("usage") or {}).items() if each is not None}
    return {"model": model, "usage": usage} if usage else None


def priced() -> dict[str, tuple[str, dict[str, Any], Usage]]:
    """Return the vendor, the recorded answer and our usage of every answer that has any."""
    found = {}
    for name, recording in (exchanges(Path(FOLDER)) if FOLDER else {}).items():
        wanted = expected(recording)
        if recording["response"]["status"] == 200 and wanted.get("usage") is not None:
            told = recorded_usage(recording)
            if told is not None:
                vendor = "anthropic" if recording["request"]["path"].startswith("/v1/messages") else "openai"
                found[name] = (vendor, told, _usage(wanted["usage"]))
    return found


def _usage(read: dict[str, int]) -> Usage:
    """Return the usage that our adapters find, as another test shows."""
    return Usage(
        input_tokens=read["input"],
        cache_read_tokens=read["read"],
        cache_write_tokens=read["write"],
        cache_write_1h_tokens=read["write_1h"],
        output_tokens=read["output"],
        reasoning_tokens=read["reasoning"],
    )


ANSWERS = priced()


def test_enough_answers_have_usage() -> None:
    if not FOLDER and not REQUIRED:
        pytest.skip("TEST_RECORDINGS names no folder of recordings")
    assert len(ANSWERS) >= LEAST


@pytest.mark.parametrize("name", ANSWERS)
def test_a_recorded_answer_costs_what_genai_prices_says(name: str, prices: Tariff) -> None:
    vendor, told, usage = ANSWERS[name]
    flavor = "chat" if vendor == "openai" else "default"
    read = extract_usage(told, provider_id=vendor, api_flavor=flavor)
    try:
        theirs = calc_price(read.usage, model_ref=told["model"], provider_id=vendor, genai_request_timestamp=AT)
    except LookupError:
        assert prices.price(told["model"]) is None
        return
    ours = prices.price(told["model"])
    assert ours is not None
    assert ours.cost(usage) == round(theirs.total_price * NANO_PER_USD)
