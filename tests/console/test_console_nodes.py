"""The nodes on the Health screen."""

from router_core.errors import OverloadedError
from tests.console.conftest import OpenConsole
from tests.console.console_fakes import FakeBackend
from tests.console.health_fakes import serving_node


def captions(backend: FakeBackend, open_console: OpenConsole) -> str:
    app = open_console(backend, page="health")
    assert not app.exception
    return "\n".join(each.value for each in app.caption)


def test_every_process_is_a_row_and_what_needs_a_look_comes_first(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.nodes_seen = [
        serving_node("host:8080/1"),
        serving_node("host:8080/2", revision=6, behind=True),
        serving_node("host:8080/3", state="lost", silent_s=42.0),
        serving_node("host:8080/4", state="lost", silent_s=90.0, replaced=True),
    ]
    app = open_console(backend, page="health")
    assert not app.exception
    (table,) = [each.value for each in app.dataframe if "Configuration" in each.value]
    assert list(table["Node"]) == ["host:8080/2", "host:8080/3", "host:8080/1", "host:8080/4"]
    assert [list(each) for each in table["Configuration"]] == [["6", "Behind"], ["7"], ["7", "Newest"], ["7"]]
    assert [list(each) for each in table["State"]] == [["Serving"], ["Lost"], ["Serving"], ["Replaced"]]
    assert list(table["Backlog"]) == ["12"] * 4


def test_the_line_above_counts_and_names_the_lost(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.nodes_seen = [
        serving_node("a"), serving_node("b", version="0.0.9", differs=True), serving_node("c", state="lost")
    ]  # fmt: skip
    said = captions(backend, open_console)
    assert "2 processes serve from this store" in said
    assert "different versions" in said
    assert "lost: c" in said


def test_a_register_that_cannot_be_read_leaves_the_rest_of_the_board(open_console: OpenConsole) -> None:
    backend = FakeBackend(busy=True)
    backend.nodes_unreadable = OverloadedError("The store is busy")
    assert "cannot be read now" in captions(backend, open_console)
