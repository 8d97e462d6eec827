"""Reading recorded workloads."""

import gzip
import os
from itertools import pairwise
from pathlib import Path

import pytest

from signalbox.faults import UsageFault
from signalbox.workload.trace import TraceRow, read_trace

HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
TWO_ROWS = HEADER + "2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n"


def write(folder: Path, content: str | bytes, name: str = "trace.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_times_count_from_the_first_request(tmp_path):
    assert read_trace(write(tmp_path, TWO_ROWS)) == [TraceRow(0.0, 374, 44), TraceRow(4.314579, 396, 109)]


def test_a_gzipped_trace_is_known_by_its_content_not_by_its_name(tmp_path):
    packed = write(tmp_path, gzip.compress(TWO_ROWS.encode()), "trace.bin")
    assert len(read_trace(packed)) == 2


def test_only_the_wanted_rows_are_read(tmp_path):
    """What lies behind them may be broken."""
    assert len(read_trace(write(tmp_path, TWO_ROWS + "garbage,x,y\n"), 2)) == 2


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("TIMESTAMP,ContextTokens\n", "has no column GeneratedTokens"),
        (HEADER, "holds no requests"),
        ("", "has no column TIMESTAMP"),
        (HEADER + "yesterday,1,2\n", "line 2: not a time and two whole numbers"),
        (HEADER + "2023-11-16 18:15:46,1\n", "line 2: not a time and two whole numbers"),
        (HEADER + "2023-11-16 18:15:46,1,-5\n", "line 2: token counts must be"),
        (b"\xff\xfe\x00binary", "cannot be read: it is not a CSV or CSV.GZ file"),
        (gzip.compress(TWO_ROWS.encode(), mtime=0)[:40], "cannot be read: it is not a CSV or CSV.GZ file"),
    ],
)
def test_what_is_not_a_trace_is_refused_in_one_line(tmp_path, content, complaint):
    with pytest.raises(UsageFault, match=complaint) as caught:
        read_trace(write(tmp_path, content))
    assert "\n" not in caught.value.message


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageFault, match=r"nowhere\.csv cannot be read: No such file"):
        read_trace(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("name", "rows", "prompt", "output"),
    [("conv", 19_366, 22_360_000, 4_090_000), ("code", 8_819, 18_060_000, 250_000)],
)
def test_the_azure_traces_are_read_whole(name, rows, prompt, output):
    folder = os.environ.get("TEST_TRACES")
    if folder is None:
        if os.environ.get("REQUIRE_TEST_DATA") == "1":
            pytest.fail("TEST_TRACES is not set, but REQUIRE_TEST_DATA=1")
        pytest.skip("TEST_TRACES is not set: no recorded traces to read")
    found = read_trace(Path(folder) / f"AzureLLMInferenceTrace_{name}_2023.csv.gz")
    assert len(found) == rows
    assert sum(row.prompt_tokens for row in found) == pytest.approx(prompt, rel=0.01)
    assert sum(row.output_tokens for row in found) == pytest.approx(output, rel=0.02)
    assert all(earlier.at <= later.at for earlier, later in pairwise(found))
