"""Buildkite, by its variables: https://buildkite.com/docs/pipelines/environment-variables"""

from __future__ import annotations

from collections.abc import Mapping

from clawforge_cli.ci.named_forge import named_forge
from clawforge_cli.ci.numbers import number_of
from clawforge_cli.ci.pipeline import Event, Given, Pipeline, Service

_NONE = "false"


def buildkite_pipeline(environment: Mapping[str, str], given: Given) -> Pipeline:
    """The run. A pull request of a fork names another repository than that of the pipeline, perhaps in another way of
    writing the same address, so only the very same one is our own."""
    get = environment.get
    commit = get("BUILDKITE_COMMIT") or None
    if get("BUILDKITE_PULL_REQUEST", _NONE) != _NONE:
        foreign = _path(get("BUILDKITE_PULL_REQUEST_REPO", "")) != _path(get("BUILDKITE_REPO", "-"))
        return Pipeline(
            Service.BUILDKITE,
            Event.CHANGE,
            commit,
            change=number_of(get("BUILDKITE_PULL_REQUEST"), "BUILDKITE_PULL_REQUEST"),
            foreign=foreign,
            forge=None if foreign else named_forge(given),
        )
    branch, present = given.branch or get("BUILDKITE_PIPELINE_DEFAULT_BRANCH", ""), get("BUILDKITE_BRANCH", "")
    merged = bool(branch) and present == branch and not get("BUILDKITE_TAG")
    return Pipeline(
        Service.BUILDKITE,
        Event.MERGE if merged else Event.OTHER,
        commit,
        f"refs/heads/{present}" if present else None,
        forge=named_forge(given) if merged else None,
    )


def _path(address: str) -> str:
    """`git@host:acme/policies.git` and `git://host/acme/policies.git` name one repository: `host/acme/policies`."""
    rest = address.partition("://")[2] or address.replace(":", "/", 1)
    return rest.rpartition("@")[2].removesuffix("/").removesuffix(".git").lower()
