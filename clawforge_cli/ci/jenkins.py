"""Jenkins, by the variables of a multibranch pipeline. It knows no forge of its own: the command line names one.

https://www.jenkins.io/doc/book/pipeline/multibranch/#additional-environment-variables
"""

from __future__ import annotations

from collections.abc import Mapping

from clawforge_cli.ci.named_forge import named_forge
from clawforge_cli.ci.numbers import number_of
from clawforge_cli.ci.pipeline import Event, Given, Pipeline, Service


def jenkins_pipeline(environment: Mapping[str, str], given: Given) -> Pipeline:
    """The run. Jenkins does not say whether a branch is protected, so none is."""
    get = environment.get
    commit = get("GIT_COMMIT") or None
    if get("CHANGE_ID"):
        foreign = bool(get("CHANGE_FORK"))
        return Pipeline(
            Service.JENKINS,
            Event.CHANGE,
            commit,
            change=number_of(get("CHANGE_ID"), "CHANGE_ID"),
            foreign=foreign,
            forge=None if foreign else named_forge(given),
        )
    present = get("BRANCH_NAME", "")
    merged = bool(present) and (present == given.branch if given.branch else get("BRANCH_IS_PRIMARY") == "true")
    return Pipeline(
        Service.JENKINS,
        Event.MERGE if merged else Event.OTHER,
        commit,
        f"refs/heads/{present}" if present else None,
        forge=named_forge(given) if merged else None,
    )
