"""Numbers about the reconciler, in the text format of Prometheus."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Family:
    """One name, what its numbers mean, and the labels that tell them apart."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    labels: tuple[str, ...] = ()


FAMILIES = (
    Family("clawforge_reconcile_cycles_total", "counter", "Cycles that ended, by result.", ("source", "result")),
    Family("clawforge_reconcile_failures_total", "counter", "Cycles that failed, by step.", ("source", "step")),
    Family("clawforge_reconcile_cycle_seconds_total", "counter", "Seconds spent in cycles.", ("source",)),
    Family(
        "clawforge_reconcile_last_success_timestamp_seconds", "gauge", "When a cycle last ended in sync.", ("source",)
    ),
    Family(
        "clawforge_reconcile_lag_seconds",
        "gauge",
        "Seconds since cycles began to fail in a row.",
        ("source",),
    ),
    Family("clawforge_reconcile_drift", "gauge", "Changes made elsewhere, found in the last cycle.", ("source",)),
    Family("clawforge_reconcile_in_sync", "gauge", "1 while the server equals the branch.", ("source",)),
    Family("clawforge_reconcile_stalled", "gauge", "1 while a person must act.", ("source",)),
    Family("clawforge_reconcile_leader", "gauge", "1 while this process holds the lease.", ("source",)),
    Family("clawforge_listener_defects_total", "counter", "Requests that failed by a defect, by its kind.", ("kind",)),
    Family("clawforge_hooks_total", "counter", "Webhooks that came in, by what became of them.", ("source", "result")),
    Family(
        "clawforge_notifications_total",
        "counter",
        "Notifications, by what became of them.",
        ("source", "route", "result"),
    ),
)
"""Every number that the reconciler shows."""


class Metrics:
    """Counts, from any thread. A name that is no family, or other labels than its own, is a KeyError."""

    def __init__(self, families: Iterable[Family] = FAMILIES) -> None:
        self._families = {family.name: family for family in families}
        self._values: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in self._families}
        self._lock = threading.Lock()

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Count up."""
        key = self._key(name, labels)
        with self._lock:
            self._values[name][key] = self._values[name].get(key, 0) + amount

    def set(self, name: str, value: float, **labels: str) -> None:
        """The present value of a gauge."""
        key = self._key(name, labels)
        with self._lock:
            self._values[name][key] = value

    def text(self) -> str:
        """All of it, families and labels in a fixed order."""
        with self._lock:
            values = {name: dict(sorted(found.items())) for name, found in self._values.items()}
        return "".join(
            line + "\n" for family in self._families.values() for line in _lines(family, values[family.name])
        )

    def _key(self, name: str, labels: dict[str, str]) -> tuple[str, ...]:
        family = self._families[name]
        if set(labels) != set(family.labels):
            raise KeyError(f"{name} has the labels {', '.join(family.labels)}")
        return tuple(labels[label] for label in family.labels)


def _lines(family: Family, values: dict[tuple[str, ...], float]) -> Iterator[str]:
    yield f"# HELP {family.name} {family.help}"
    yield f"# TYPE {family.name} {family.kind}"
    for key, value in values.items():
        pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in zip(family.labels, key, strict=True))
        yield f"{family.name}{'{' + pairs + '}' if pairs else ''} {value:.17g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
