"""GitHub Actions, by its variables and the event that it wrote to a file.

https://docs.github.com/actions/reference/workflows-and-actions/variables
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from clawforge.errors import InputError
from clawforge.secret import Secret
from clawforge_cli.ci.pipeline import Event, ForgeAddress, ForgeKind, Given, Pipeline, Service

_LARGEST_EVENT = 32 * 1024 * 1024
_HEADS = "refs/heads/"
_DANGEROUS = "pull_request_target"


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Repository(_Payload):
    id: int
    default_branch: str = ""


class _Side(_Payload):
    sha: str
    repo: _Repository | None = None
    """None for a fork that was deleted since."""


class _PullRequest(_Payload):
    number: int
    head: _Side
    base: _Side


class _Event(_Payload):
    repository: _Repository
    pull_request: _PullRequest | None = None


def github_pipeline(environment: Mapping[str, str], given: Given) -> Pipeline:
    """The run. Raises InputError for an event file that says nothing, and for events that no change may run under."""
    name = environment.get("GITHUB_EVENT_NAME", "")
    if name == _DANGEROUS:
        raise InputError(
            "A workflow for `pull_request_target` holds secrets while it works on files that anybody may propose.",
            hint="Run clawforge for `pull_request`; forks are then checked without secrets.",
        )
    event = _read_event(environment.get("GITHUB_EVENT_PATH", ""))
    ref = environment.get("GITHUB_REF", "")
    commit = environment.get("GITHUB_SHA") or None
    summary, outputs = _path(environment, "GITHUB_STEP_SUMMARY"), _path(environment, "GITHUB_OUTPUT")
    pull = event.pull_request
    if name == "pull_request" and pull is not None:
        foreign = pull.head.repo is None or pull.head.repo.id != event.repository.id
        forge = None if foreign else _forge(environment, given)
        return Pipeline(
            Service.GITHUB,
            Event.CHANGE,
            commit,
            ref,
            pull.base.sha,
            change=pull.number,
            foreign=foreign,
            forge=forge,
            summary=summary,
            outputs=outputs,
        )
    branch = given.branch or event.repository.default_branch
    merged = name == "push" and bool(branch) and ref == f"{_HEADS}{branch}"
    return Pipeline(
        Service.GITHUB,
        Event.MERGE if merged else Event.OTHER,
        commit,
        ref,
        protected=environment.get("GITHUB_REF_PROTECTED") == "true",
        first=environment.get("GITHUB_RUN_ATTEMPT") == "1",
        forge=_forge(environment, given) if merged else None,
        summary=summary,
        outputs=outputs,
    )


def _forge(environment: Mapping[str, str], given: Given) -> ForgeAddress | None:
    token = given.token or _secret(environment.get("GITHUB_TOKEN", ""))
    api = given.api or environment.get("GITHUB_API_URL", "")
    repository = environment.get("GITHUB_REPOSITORY", "")
    if token is None or not api or not repository:
        return None
    return ForgeAddress(ForgeKind.GITHUB, api, repository, token)


def _read_event(path: str) -> _Event:
    try:
        if not path or Path(path).stat().st_size > _LARGEST_EVENT:
            raise InputError("GITHUB_EVENT_PATH names no file of an event.")
        return _Event.model_validate_json(Path(path).read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(
            "The file that GITHUB_EVENT_PATH names does not say what this workflow runs for.",
            hint="Is this GitHub Actions? Elsewhere unset GITHUB_ACTIONS, and pass --event.",
        ) from error


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    return Path(environment[name]) if environment.get(name) else None


def _secret(text: str) -> Secret | None:
    return Secret(text.strip()) if text.strip() else None
