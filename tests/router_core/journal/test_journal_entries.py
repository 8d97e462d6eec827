"""Entries survive whatever happens to the bytes around them."""

from hypothesis import given
from hypothesis import strategies as st

from router_core.journal.entries import Gap, Spoilt, packed, read_entries
from router_core.types import SpentOut
from tests.support.record_events import AT, event, intent


def _segment(count: int) -> tuple[bytes, list[int]]:
    """Return ``count`` events one behind the other, and where each begins."""
    pieces = [packed(event(number), "outcome") for number in range(count)]
    starts = [sum(len(each) for each in pieces[:index]) for index in range(count)]
    return b"".join(pieces), starts


def _ids(data: bytes) -> list[str]:
    return [entry.id for entry, _ in read_entries(data) if not isinstance(entry, Spoilt)]  # type: ignore[union-attr]


def test_what_was_written_is_read_back() -> None:
    gap = Gap(id="g", count=3, since=AT, until=AT)
    call, end = intent("e1"), event(2, metadata={"team": "blue", "n": 1, "x": None, "y": 0.5})
    data = packed(call, "intent") + packed(end, "outcome") + packed(gap, "gap")
    assert [entry for entry, _ in read_entries(data)] == [call, end, gap]


def test_the_offset_behind_each_entry_is_where_the_next_begins() -> None:
    data, starts = _segment(5)
    assert [behind for _, behind in read_entries(data)] == [*starts[1:], len(data)]


def test_the_budgets_that_refused_a_request_are_read_back() -> None:
    spent = SpentOut(budget="account:acme:daily", period="2026-03-01", mode="hard", limit=10, spent=9, asked=2)
    end = event(1, refused=(spent,))
    assert [entry for entry, _ in read_entries(packed(end, "outcome"))] == [end]


def test_zeros_behind_the_last_entry_are_the_end() -> None:
    data, _ = _segment(3)
    assert len(_ids(data + bytes(4096))) == 3


@given(st.integers(min_value=0, max_value=10_000))
def test_a_torn_tail_costs_only_the_entry_that_was_being_written(cut: int) -> None:
    data, starts = _segment(4)
    cut = min(cut, len(data))
    whole = sum(1 for start, end in zip(starts, [*starts[1:], len(data)], strict=True) if end <= cut)
    assert len(_ids(data[:cut])) == whole
    assert len(_ids(data[:cut] + bytes(100))) == whole


@given(st.integers(min_value=0, max_value=10_000), st.integers(min_value=1, max_value=255))
def test_a_spoilt_byte_costs_only_its_own_entry(place: int, change: int) -> None:
    data, starts = _segment(4)
    place %= len(data)
    hurt = max(index for index, start in enumerate(starts) if start <= place)
    spoilt = bytearray(data)
    spoilt[place] ^= change
    expected = [f"{number:026d}" for number in range(4) if number != hurt]
    assert _ids(bytes(spoilt)) == expected


def test_spoilt_bytes_between_entries_are_told() -> None:
    data, starts = _segment(3)
    spoilt = bytearray(data)
    spoilt[starts[1] + 40] ^= 1
    told = [entry for entry, _ in read_entries(bytes(spoilt)) if isinstance(entry, Spoilt)]
    assert told == [Spoilt(starts[1], starts[2])]


@given(st.binary(max_size=300))
def test_bytes_that_were_never_an_entry_give_none(noise: bytes) -> None:
    assert _ids(noise) == []
