"""Numbers in the text format of Prometheus: fixed order, labels that cannot break out, no family by accident."""

from __future__ import annotations

import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge_cli.gitops.metrics import FAMILIES, Family, Metrics

LINE = re.compile(r'x\{a="(?:[^"\\\n]|\\[\\n"])*"\} [0-9]+')


def test_numbers_are_shown_with_their_meaning() -> None:
    metrics = Metrics((Family("x", "counter", "What it is.", ("a",)), Family("y", "gauge", "Another.")))
    metrics.add("x", a="2")
    metrics.add("x", 1.5, a="1")
    metrics.add("x", a="2")
    metrics.set("y", 1_790_000_000.25)
    assert metrics.text() == (
        "# HELP x What it is.\n# TYPE x counter\n"
        'x{a="1"} 1.5\nx{a="2"} 2\n'
        "# HELP y Another.\n# TYPE y gauge\ny 1790000000.25\n"
    )


@given(st.text())
def test_no_label_breaks_out_of_its_quotes(text: str) -> None:
    metrics = Metrics((Family("x", "counter", "What it is.", ("a",)),))
    metrics.add("x", a=text)
    (line,) = metrics.text().removesuffix("\n").split("\n")[2:]
    assert LINE.fullmatch(line)


def test_what_is_no_family_is_a_defect() -> None:
    metrics = Metrics()
    with pytest.raises(KeyError):
        metrics.add("clawforge_typo_total")
    with pytest.raises(KeyError):
        metrics.add("clawforge_hooks_total", source="prod")


def test_no_count_is_lost_between_threads() -> None:
    metrics = Metrics((Family("x", "counter", "What it is."),))

    def count() -> None:
        for _ in range(2_000):
            metrics.add("x")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "x 8000\n" in metrics.text()


def test_families_have_names_as_prometheus_wants_them() -> None:
    for family in FAMILIES:
        assert re.fullmatch(r"clawforge_[a-z_]+", family.name)
        assert family.name.endswith("_total") == (family.kind == "counter")
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
