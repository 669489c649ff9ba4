"""A secret does not show itself, whatever is done to print it."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import traceback

import orjson
import pytest
import structlog

from clawforge.secret import Secret

CANARY = "cf_live_canary-0123456789"
SECRET = Secret(CANARY)


def test_printing_yields_stars() -> None:
    shown = [
        str(SECRET),
        repr(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>20}",
        f"{SECRET:>20}",
        f"{[SECRET]} { ({'a': SECRET}) }",
    ]
    shown.append("%s %r" % (SECRET, SECRET))  # noqa: UP031 - one of the ways to print
    assert CANARY not in "".join(shown)
    assert SECRET.reveal() == CANARY


@pytest.mark.parametrize("dump", [json.dumps, orjson.dumps, pickle.dumps, copy.copy, copy.deepcopy])
def test_it_is_neither_dumped_nor_copied(dump: object) -> None:
    with pytest.raises(TypeError) as caught:
        dump(SECRET)  # type: ignore[operator]
    assert CANARY not in str(caught.value)


def test_it_has_no_attributes_to_print() -> None:
    with pytest.raises(TypeError):
        vars(SECRET)


def test_tracebacks_and_logs_do_not_show_it() -> None:
    stream = io.StringIO()
    logger = structlog.wrap_logger(structlog.PrintLogger(stream), processors=[structlog.processors.JSONRenderer()])
    logger.info("said", secret=SECRET, nested=[SECRET])
    logging.Formatter().format(logging.makeLogRecord({"msg": "%s", "args": (SECRET,)}))
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
    assert CANARY not in stream.getvalue() + "".join(report.format())


def test_comparing_takes_any_text() -> None:
    assert Secret("\ud800") == Secret("\ud800")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
