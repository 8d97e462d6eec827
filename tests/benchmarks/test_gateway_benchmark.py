"""The benchmark's arithmetic, its readers of ``/proc`` and its provider and load, without any gateway."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.gateway.candidates import provider
from benchmarks.gateway.figures import Gateway, Report, Round, Spread, added_ms, passes, ratios, spread, used_us
from benchmarks.gateway.load import percentile, read_pieces
from benchmarks.gateway.processes import free_port, is_alive, parse_stat, running
from benchmarks.gateway.report import markdown
from benchmarks.gateway.rounds import load
from benchmarks.gateway.shapes import request_body


def _gateway(name: str, cpu_us: float, wrong: int = 0) -> Gateway:
    one = Round(
        json_cpu_us=cpu_us,
        stream_cpu_us=cpu_us * 2,
        requests_per_s=1e6 / cpu_us,
        added_p50_ms=1.0,
        added_p99_ms=2.0,
        loaded_mb=100.0,
        wrong=wrong,
    )
    return Gateway(
        name=name,
        version="1",
        ready_s=1.0,
        first_answer_s=1.5,
        idle_mb=90.0,
        idle_cpu_ms_per_s=1.0,
        rounds=(one, one),
    )


def _report(ours_us: float, peer_us: float, wrong: int = 0) -> Report:
    return Report(
        machine={"Python": "3"},
        pinned=True,
        requests={"json": 1},
        provider_cpu_us=9.0,
        ours=_gateway("ours", ours_us, wrong),
        peer=_gateway("peer", peer_us),
    )


def test_mark_is_met_at_a_twenty_fifth_and_missed_above_it():
    assert passes(_report(400, 10_000))
    assert not passes(_report(401, 10_000))


def test_one_wrong_answer_fails_the_run():
    assert not passes(_report(100, 10_000, wrong=1))


def test_ratios_are_taken_round_by_round():
    found = ratios(_report(400, 10_000))
    assert found["request"].middle == found["chunk"].low == found["stream"].high == 25.0


def test_report_shows_both_gateways_and_the_verdict():
    text = markdown(_report(500, 10_000))
    assert "| ours 1 | peer 1 |" in text
    assert "NOT met" in text


def test_idle_work_is_not_charged_to_requests():
    assert used_us(1.0, 2.5, 0.5, 1000) == pytest.approx(1000.0)
    assert added_ms(1.0, 3.0) == 0.0


def test_spread_and_percentile_of_known_values():
    assert spread([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)
    assert percentile([float(n) for n in range(100)], 0.99) == 99.0
    assert percentile([], 0.5) == 0.0


def test_stat_is_read_past_a_name_with_spaces_and_brackets():
    fields = ["S", "7", *(["0"] * 11), "3", "4", "0"]
    assert parse_stat(f"12 (a) b (c)) {' '.join(fields)}") == (7, 7)


def test_stream_that_was_cut_off_counts_as_nothing():
    assert read_pieces("llm", "stream", b'data: {"type":"text-delta","delta":"The "}\n\n') == []


@pytest.mark.parametrize("dialect", ["openai", "llm"])
def test_request_is_about_250_bytes(dialect):
    assert 220 <= len(request_body(dialect, "json")) <= 290


def test_load_through_the_provider_finds_every_answer_right(tmp_path: Path):
    with provider(tmp_path) as direct:
        for shape in ("json", "stream"):
            found = load(direct, shape, 4, 40)
            assert (found.right, found.wrong) == (40, 0)
        assert direct.server.cpu_s() > 0
        assert direct.server.rss_mb() > 1


def test_load_counts_an_answer_with_another_shape_as_wrong(tmp_path: Path):
    with provider(tmp_path) as direct:
        found = load(replace(direct, dialect="llm"), "json", 1, 5)
    assert (found.right, found.wrong) == (0, 5)
    assert found.samples[0].startswith("200 ")


def test_ending_a_server_ends_its_children_too(tmp_path: Path):
    child = "import time; time.sleep(60)"
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with running([sys.executable, "-c", script], env=dict(os.environ), folder=tmp_path, log="log") as server:
        server.wait_until(lambda: len(server.tree()) == 2)
        tree = server.tree()
        assert all(is_alive(pid) for pid in tree)
    assert not any(is_alive(pid) for pid in tree)


def test_free_port_is_one_that_can_be_bound():
    assert 1024 <= free_port() <= 65_535
