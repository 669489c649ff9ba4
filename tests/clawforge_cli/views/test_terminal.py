"""Nothing that a file or a server says can act on a terminal."""

from __future__ import annotations

import io
import json
import re
import unicodedata

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge_cli.views import json_documents
from clawforge_cli.views.terminal import Printer, columns, harmless, safe, wrapped

ACTING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@given(st.text())
def test_no_acting_character_is_left(text: str) -> None:
    assert not {unicodedata.category(character) for character in safe(text)} & ACTING


ATTACKS = ["\x1b[2J", "\r", "\x9b31m", "\u202e", "\u200b", "\u2028", "\U000e0041", "\x7f", "a\nb"]


@pytest.mark.parametrize("text", ["##[error]x", "a ##vso[task.setvariable x]", "##TeamCity[x]", "###[add-mask]a"])
def test_commands_of_build_services_in_the_middle_of_a_line_are_none(text: str) -> None:
    shown = safe(text)
    assert not re.search(r"##(\[|vso\[|teamcity\[)", shown, re.IGNORECASE)
    assert shown.replace("\\u{0023}", "#") == text
    assert safe(shown) == shown


def test_a_line_is_a_command_only_if_it_is_meant_to_be() -> None:
    stream = io.StringIO()
    printer = Printer(stream, colour=False)
    printer.line("  ", ("bold", "::error::x"))
    printer.line("a ::error::x")
    printer.line("a #", ("bold", "#[error]x"))
    printer.command("::error::x")
    assert stream.getvalue() == "  \\u{003a}:error::x\na ::error::x\na \\u{0023}#[error]x\n::error::x\n"


@given(
    st.recursive(st.text(max_size=9) | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_a_harmless_document_holds_no_acting_character(document: object) -> None:
    found = json.dumps(harmless(document), ensure_ascii=False)
    assert not {unicodedata.category(character) for character in found} & ACTING
    if json.dumps(document).isascii() and not acting(document):
        assert harmless(document) == document


def acting(document: object) -> bool:
    text = json.dumps(document, ensure_ascii=False)
    return "##" in text or "\\" in text or bool({unicodedata.category(item) for item in text} & ACTING)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_are_folded_between_words_for_a_person_only(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "one two three four five six seven eight nine ten eleven twelve"
    monkeypatch.setenv("COLUMNS", "40")
    screen = Terminal()
    Printer(screen, colour=False).paragraph(text, first=("  help: ",))
    assert screen.getvalue().splitlines() == [
        "  help: one two three four five six",
        "        seven eight nine ten eleven",
        "        twelve",
    ]
    pipe = io.StringIO()
    Printer(pipe, colour=False).paragraph(text, first=("  help: ",))
    assert pipe.getvalue() == f"  help: {text}\n"


@pytest.mark.parametrize(("said", "room"), [("10", 40), ("77", 77), ("9000", 200), ("x", 120), ("", 120)])
def test_the_room_on_a_line(monkeypatch: pytest.MonkeyPatch, said: str, room: int) -> None:
    monkeypatch.setenv("COLUMNS", said)
    assert Printer(Terminal(), colour=False).columns == room
    assert Printer(io.StringIO(), colour=False).columns == 120


@given(
    st.lists(st.sampled_from(["a", "bb", "日本", "x" * 30, "e\u0301"]), min_size=1),
    st.integers(5, 25),
    st.integers(0, 4),
)
def test_folding_keeps_the_words_and_the_room(words: list[str], room: int, taken: int) -> None:
    lines = wrapped(" ".join(words), room, taken=taken)
    assert " ".join(lines).split() == words
    assert all(columns(line) <= room or " " not in line for line in lines)


@pytest.mark.parametrize("text", ATTACKS)
def test_known_attacks_are_written_out(text: str) -> None:
    assert safe(text).isascii()
    assert safe(text) != text


@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=20))
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert safe(text) == text


def test_a_printer_without_colour_writes_plain_text() -> None:
    stream = io.StringIO()
    Printer(stream, colour=False).line(("bold red", "Error"), ": ", "text")
    assert stream.getvalue() == "Error: text\n"


def test_a_printer_with_colour_reads_no_markup_from_text() -> None:
    stream = io.StringIO()
    Printer(stream, colour=True).line("[red]not markup[/red] :boom:")
    assert "[red]not markup[/red] :boom:" in stream.getvalue()


def test_a_terminal_gets_the_same_text_in_colours_that_every_terminal_has(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "CLAWFORGE_NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    screen = Terminal()
    Printer(screen).line(("bold red", "Error"), ": ", ("cyan", "[text]"), " ", ("yellow", "x"))
    written = screen.getvalue()
    assert re.sub(r"\x1b\[[0-9;]*m", "", written) == "Error: [text] x\n"
    codes = {code for found in re.findall(r"\x1b\[([0-9;]*)m", written) for code in found.split(";")}
    assert codes == {"0", "1", "31", "33", "36"}


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("CLAWFORGE_NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    screen = Terminal()
    Printer(screen).line(("bold red", "Error"), ": x")
    assert screen.getvalue() == "Error: x\n"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_on_a_terminal_does_not_act_and_reads_back(text: str) -> None:
    stream = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", stream)
        json_documents.show({"text": text})
    shown = stream.getvalue()
    assert not {unicodedata.category(character) for character in shown if character != "\n"} & (ACTING - {"Co"})
    assert orjson.loads(shown) == {"text": text}
