"""A shell that no known service runs: everything is said on the command line."""

from __future__ import annotations

from clawforge_cli.ci.named_forge import named_forge
from clawforge_cli.ci.pipeline import Event, Given, Pipeline, Service


def shell_pipeline(given: Given) -> Pipeline:
    """The run; a change unless something else is said. It is about the commit that is checked out, whichever it is."""
    event = given.event or Event.CHANGE
    ref = f"refs/heads/{given.branch}" if given.branch is not None else None
    return Pipeline(Service.SHELL, event, ref=ref, change=given.change, forge=named_forge(given))
