"""Which service runs this, by the variables that each one sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from clawforge.errors import InputError
from clawforge_cli.ci.buildkite import buildkite_pipeline
from clawforge_cli.ci.github_actions import github_pipeline
from clawforge_cli.ci.gitlab_ci import gitlab_pipeline
from clawforge_cli.ci.jenkins import jenkins_pipeline
from clawforge_cli.ci.pipeline import Event, Given, Pipeline
from clawforge_cli.ci.plain_shell import shell_pipeline


def recognised(environment: Mapping[str, str], given: Given) -> Pipeline:
    """The run that the environment describes. Raises InputError."""
    if environment.get("GITHUB_ACTIONS") == "true":
        found = github_pipeline(environment, given)
    elif environment.get("GITLAB_CI") == "true":
        found = gitlab_pipeline(environment, given)
    elif environment.get("BUILDKITE") == "true":
        found = buildkite_pipeline(environment, given)
    elif environment.get("JENKINS_URL"):
        found = jenkins_pipeline(environment, given)
    else:
        return shell_pipeline(given)
    if given.event is None or given.event is found.event:
        return found
    if given.event is Event.MERGE:
        raise InputError(
            f"This pipeline runs for something else than a merge ({found.event}), and --event does not make it one.",
            hint="Name the branch with --branch if it is not the default one.",
        )
    # Doing less than the service says is always possible; a change needs its number for a comment.
    return replace(found, event=given.event, change=given.change or found.change)
