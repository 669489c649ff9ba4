"""How far a revision has come, while somebody waits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clawforge_cli.settings import colour_wanted

if TYPE_CHECKING:
    from clawforge.rollout import Rollout


@contextmanager
def rollout_progress() -> Iterator[Callable[[Rollout], None]]:
    """Call what this gives with every look: a line on the terminal is kept up to date; elsewhere nothing is said."""
    if not colour_wanted(sys.stderr):
        yield lambda _: None
        return
    from rich.console import Console

    with Console(file=sys.stderr, highlight=False, markup=False).status("Waiting for machines ...") as status:
        yield lambda found: status.update(f"{found.words} ...")
