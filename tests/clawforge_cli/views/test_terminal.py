"""Nothing that a file or a server says can act on a terminal."""

from __future__ import annotations

import io
import unicodedata

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge_cli.views import json_documents
from clawforge_cli.views.terminal import Printer, safe

ACTING = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@given(st.text())
def test_no_acting_character_is_left(text: str) -> None:
    assert not {unicodedata.category(character) for character in safe(text)} & ACTING


ATTACKS = ["\x1b[2J", "\r", "\x9b31m", "\u202e", "\u200b", "\u2028", "\U000e0041", "\x7f", "a\nb"]


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


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_on_a_terminal_does_not_act_and_reads_back(text: str) -> None:
    stream = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", stream)
        json_documents.show({"text": text})
    shown = stream.getvalue()
    assert not {unicodedata.category(character) for character in shown if character != "\n"} & (ACTING - {"Co"})
    assert orjson.loads(shown) == {"text": text}
