"""Whom a command about many machines concerns, and how they are sent."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest

from clawforge.errors import InputError
from clawforge.wire_bulk import BulkAnswer, BulkResult
from clawforge.wire_enrollment import InstanceList, InstanceView
from clawforge_cli.fleet_choice import chosen_machines, in_batches
from clawforge_cli.views.human_bulk import show_bulk
from clawforge_cli.views.terminal import Printer

NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


class Plane:
    def instances(self, select: Any) -> InstanceList:
        assert select == ["user=ann"]
        states = ("active", "revoked", "quarantined", "pending")
        views = [InstanceView(instance=f"i-{state}", user="ann", enrolled_at=NOW, state=state) for state in states]  # type: ignore[arg-type]
        return InstanceList(instances=tuple(views))


PLANE: Any = Plane()


def test_machines_are_named_or_selected() -> None:
    assert chosen_machines(PLANE, ["b", "a", "b"], []) == ("b", "a")
    assert chosen_machines(PLANE, [], ["user=ann"]) == ("i-active", "i-quarantined")


@pytest.mark.parametrize(("names", "select"), [([], []), (["a"], ["user=ann"]), ([], ["who"])])
def test_neither_and_both_are_refused(names: list[str], select: list[str]) -> None:
    with pytest.raises(InputError):
        chosen_machines(PLANE, names, select)


def test_many_are_sent_in_several_requests() -> None:
    sent = []

    def send(batch: tuple[str, ...]) -> BulkAnswer:
        sent.append(len(batch))
        return BulkAnswer(results=tuple(BulkResult(instance=name, outcome="done") for name in batch))

    names = [f"i-{number}" for number in range(2_001)]
    assert [item.instance for item in in_batches(names, send).results] == names
    assert sent == [1_000, 1_000, 1]


def test_failures_are_named_and_harmless() -> None:
    answer = BulkAnswer(
        results=(
            BulkResult(instance="a", outcome="done"),
            BulkResult(instance="b\x1b[2J", outcome="failed", code="unknown-instance", detail="There is no b\x1b[2J."),
        )
    )
    stream = io.StringIO()
    show_bulk(answer, "revoked", Printer(stream, colour=False))
    assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().splitlines()[-1] == "1 of 2 revoked, 1 failed."
    assert [item.code for item in answer.failed] == ["unknown-instance"]
