"""Pages are thin, complete, and not where Streamlit would run them without the gate."""

import ast
import tomllib
from pathlib import Path

import pytest

import console
from console.assets import main_script, page_script, static_file
from console.shell import ENTRIES

PAGES = sorted(page_script("overview").parent.glob("*.py"))
MAX_LINES = 60
THEME = tomllib.loads((Path(console.__file__).parent / ".streamlit" / "config.toml").read_text())
READABLE = 4.5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_only_draws_and_calls_the_console(page: Path) -> None:
    source = page.read_text()
    tree = ast.parse(source)
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.split(".")[0] for name in names} <= {"streamlit", "console"}
    assert not any(isinstance(node, ast.ClassDef | ast.AsyncFunctionDef) for node in ast.walk(tree))
    assert len(source.splitlines()) <= MAX_LINES


def test_every_page_is_in_the_navigation_and_the_other_way_round() -> None:
    assert {entry.screen for entry in ENTRIES} == {page.stem for page in PAGES}


def test_no_pages_folder_lies_beside_the_entry_script() -> None:
    assert not (main_script().parent / "pages").exists()


def test_streamlit_run_finds_the_same_configuration_beside_app_py() -> None:
    beside = page_script("overview").parent.parent / ".streamlit" / "config.toml"
    assert beside.samefile(Path(console.__file__).parent / ".streamlit" / "config.toml")


def test_a_page_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        page_script("no_such_page")


@pytest.mark.parametrize("name", [face["url"].removeprefix("app/static/") for face in THEME["theme"]["fontFaces"]])
def test_fonts_are_our_own_files(name: str) -> None:
    assert static_file(name).read_bytes()[:4] == b"wOF2"


def test_the_theme_names_nothing_outside_this_server() -> None:
    assert "http" not in (Path(console.__file__).parent / ".streamlit" / "config.toml").read_text()
    assert THEME["browser"]["gatherUsageStats"] is False
    assert THEME["client"]["showErrorDetails"] == "none"


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#RRGGBB`` as WCAG defines it."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_is_readable_in_both_modes(mode: str) -> None:
    theme = THEME["theme"][mode]
    pairs = {
        "text": (theme["textColor"], theme["backgroundColor"]),
        "text on fields": (theme["textColor"], theme["secondaryBackgroundColor"]),
        "link": (theme["linkColor"], theme["backgroundColor"]),
        "accent": (theme["primaryColor"], theme["backgroundColor"]),
        "code": (theme["codeTextColor"], theme["codeBackgroundColor"]),
        "table header": (theme["dataframeHeaderTextColor"], theme["dataframeHeaderBackgroundColor"]),
        "sidebar": (theme["sidebar"]["textColor"], theme["sidebar"]["backgroundColor"]),
        **{
            colour: (theme[f"{colour}TextColor"], theme[f"{colour}BackgroundColor"])
            for colour in ("red", "orange", "yellow", "green", "blue", "violet", "gray")
        },
    }
    assert {name: round(contrast(*pair), 2) for name, pair in pairs.items() if contrast(*pair) < READABLE} == {}


def test_tracebacks_in_the_log_hold_no_values_of_variables() -> None:
    """They could be secrets: a prompt, a session, a key on its way."""
    assert THEME["logger"]["enableRich"] is False
