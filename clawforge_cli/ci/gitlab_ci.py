"""GitLab CI, by its predefined variables: https://docs.gitlab.com/ci/variables/predefined_variables/"""

from __future__ import annotations

from collections.abc import Mapping

from clawforge.secret import Secret
from clawforge_cli.ci.numbers import number_of
from clawforge_cli.ci.pipeline import Event, ForgeAddress, ForgeKind, Given, Pipeline, Service

_PROPOSED = "merge_request_event"


def gitlab_pipeline(environment: Mapping[str, str], given: Given) -> Pipeline:
    """The run. A merge request of a fork is foreign, whichever of the two projects its pipeline runs in."""
    get = environment.get
    commit = get("CI_COMMIT_SHA") or None
    if get("CI_PIPELINE_SOURCE") == _PROPOSED:
        target = get("CI_MERGE_REQUEST_PROJECT_ID", "")
        foreign = not target or get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") != target or get("CI_PROJECT_ID") != target
        return Pipeline(
            Service.GITLAB,
            Event.CHANGE,
            commit,
            get("CI_MERGE_REQUEST_REF_PATH") or None,
            get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA") or get("CI_MERGE_REQUEST_DIFF_BASE_SHA") or None,
            change=number_of(get("CI_MERGE_REQUEST_IID"), "CI_MERGE_REQUEST_IID"),
            foreign=foreign,
            forge=None if foreign else _forge(environment, given),
        )
    branch, present = given.branch or get("CI_DEFAULT_BRANCH", ""), get("CI_COMMIT_BRANCH", "")
    merged = get("CI_PIPELINE_SOURCE") == "push" and bool(branch) and present == branch
    return Pipeline(
        Service.GITLAB,
        Event.MERGE if merged else Event.OTHER,
        commit,
        f"refs/heads/{present}" if present else None,
        protected=get("CI_COMMIT_REF_PROTECTED") == "true",
        forge=_forge(environment, given) if merged else None,
    )


def _forge(environment: Mapping[str, str], given: Given) -> ForgeAddress | None:
    """The token of a job may not write notes, so another one is needed."""
    own = environment.get("GITLAB_TOKEN", "").strip()
    token = given.token or (Secret(own) if own else None)
    api = given.api or environment.get("CI_API_V4_URL", "")
    project = environment.get("CI_PROJECT_ID", "")
    if token is None or not api or not project:
        return None
    return ForgeAddress(ForgeKind.GITLAB, api, project, token)
