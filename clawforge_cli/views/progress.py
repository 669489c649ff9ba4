"""A sign of life for people during long work."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from clawforge_cli.settings import colour_wanted

_PATIENCE = 1.0
"""Seconds after which somebody would wonder."""


@contextmanager
def busy(doing: str) -> Iterator[None]:
    """Say on the terminal what takes so long, once it does; nothing where nobody watches."""
    if not colour_wanted(sys.stderr):
        yield
        return
    done = threading.Event()
    watcher = threading.Thread(target=_spin, args=(doing, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def _spin(doing: str, done: threading.Event) -> None:
    if done.wait(_PATIENCE):
        return
    from rich.console import Console

    with Console(file=sys.stderr, highlight=False, markup=False).status(doing):
        done.wait()
