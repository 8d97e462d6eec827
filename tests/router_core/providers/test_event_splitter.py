"""The event splitter gives the same events whatever the slicing."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router_core.providers.sse import EventSplitter, EventTooLargeError

STREAM = (
    b'\xef\xbb\xbf: a comment\nevent: ping\ndata: {"type":"ping"}\n\n'
    b'data: {"a":1}\r\n\r\ndata:no space\n\ndata: one\ndata: two\r\ndata\n\n'
    b"id: 7\nretry: 10\n\ndata: \xc3\xa4\xe2\x80\xa8\n\n\r\rdata: cr only\r\rdata: [DONE]"
)
EVENTS = [
    b'{"type":"ping"}',
    b'{"a":1}',
    b"no space",
    b"one\ntwo\n",
    "ä\u2028".encode(),
    b"cr only",
    b"[DONE]",
]


def split(pieces: list[bytes]) -> list[bytes]:
    splitter = EventSplitter()
    found = [event for piece in pieces for event in splitter.feed(piece)]
    return found + splitter.flush()


def test_whole_stream_gives_every_event():
    assert split([STREAM]) == EVENTS


def test_single_bytes_give_the_same_events():
    assert split([STREAM[i : i + 1] for i in range(len(STREAM))]) == EVENTS


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=12))
def test_any_slicing_gives_the_same_events(cuts: list[int]):
    edges = [0, *sorted(cuts), len(STREAM)]
    assert split([STREAM[a:b] for a, b in pairwise(edges)]) == EVENTS


@given(
    lines=st.lists(st.sampled_from([b"data: x", b"data:", b"data", b": c", b"", b"event: e", b"data: y z", b"dat"])),
    ends=st.lists(st.sampled_from([b"\n", b"\r\n", b"\r"]), min_size=1, max_size=5),
    cut=st.integers(min_value=1, max_value=7),
)
def test_line_ends_and_piece_sizes_do_not_matter(lines: list[bytes], ends: list[bytes], cut: int):
    plain = b"".join(line + b"\n" for line in lines)
    # A lone CR before an LF would be one line end, so each stream keeps to one kind.
    for end in ends:
        stream = b"".join(line + end for line in lines)
        pieces = [stream[i : i + cut] for i in range(0, len(stream), cut)]
        assert split(pieces) == split([plain])


def test_line_without_end_beyond_the_limit_is_refused():
    splitter = EventSplitter(limit=100)
    assert splitter.feed(b"data: " + b"x" * 90) == []
    with pytest.raises(EventTooLargeError):
        splitter.feed(b"x" * 10)


def test_event_of_many_lines_beyond_the_limit_is_refused():
    splitter = EventSplitter(limit=100)
    with pytest.raises(EventTooLargeError):
        splitter.feed(b"data: 0123456789\n" * 20)


def test_many_small_events_are_no_large_event():
    splitter = EventSplitter(limit=20)
    assert splitter.feed(b"data: 0123456789\n\n" * 20) == [b"0123456789"] * 20
