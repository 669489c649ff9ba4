"""What a plan means, as it stands in the plan's document: a verdict with its witnesses, who gains and who loses."""

from __future__ import annotations

from typing import Any, Literal

from clawforge.canonical import canonical_bytes, digest
from clawforge.resource.meta import Instant, Strict

VerdictWord = Literal["tighter", "equal", "looser", "mixed", "unknown"]
AnswerWord = Literal["yes", "no", "unknown"]


class Affected(Strict):
    """How many known users and instances a change reaches."""

    users: int = 0
    instances: int = 0


class WitnessCall(Strict):
    """Somebody, who need not exist yet, and a call that passes differently after the change: proof of a direction.

    `before` and `after` are levels: allow, redact, ask, deny. `setting` names a field instead where no call differs but
    what is reported, or how long an agent goes on alone; then the two are its values. `elevated`: only guardrails judge
    the call. `home`, `workspace`, `versions` and `outOfRangeSince` are facts about the machine where they matter.
    """

    user: str
    instance: str | None = None
    agent: str | None = None
    context: str | None = None
    groups: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    claims: tuple[str, ...] = ()
    at: Instant
    tool: str | None = None
    params: dict[str, Any] = {}
    elevated: bool = False
    setting: str | None = None
    before: str
    after: str
    home: str | None = None
    workspace: str | None = None
    versions: dict[str, str] | None = None
    out_of_range_since: Instant | None = None
    note: str = ""


class Via(Strict):
    """A resource that brings an access change about, and where it is written."""

    address: str
    file: str | None = None
    line: int | None = None


class AccessLine(Strict):
    """One thing that people gain or lose, and who they are: `names` holds the first of them.

    `kind` is tool, command, path, host, skill, dlp, version, setting, permission or kill; `what` names the tools (for
    the first four), skills, rules, components, fields or, for kill, the stopped groups that people leave. Where not all
    are named, `everybody` is a digest of all of them. `tool` and `params` are an example. Where `agent`, `context` or
    `at` are given it happens only through that agent, in that context, from that moment on.
    """

    kind: str
    what: tuple[str, ...]
    before: str
    after: str
    users: int = 0
    instances: int = 0
    names: tuple[str, ...] = ()
    everybody: str | None = None
    via: tuple[Via, ...] = ()
    agent: str | None = None
    context: str | None = None
    at: Instant | None = None
    tool: str | None = None
    params: dict[str, Any] = {}


class ChangeVerdict(Strict):
    """The verdict on one change, as if it were the only one."""

    address: str
    verdict: VerdictWord
    loosens: AnswerWord
    tightens: AnswerWord


class Meaning(Strict):
    """What the change does to access.

    The verdict is about everybody, whether they exist yet or not; `loosens` and `tightens` are the two halves of it,
    and where one is `unknown` so is the verdict. `gains` and `losses` are about those who are known, at `at` and where
    it says so later; `omitted` counts lines that were left out. `unknown` says what could not be decided. `changes`
    holds verdicts on single changes, where there are not too many.
    """

    verdict: VerdictWord = "unknown"
    loosens: AnswerWord = "unknown"
    tightens: AnswerWord = "unknown"
    looser: WitnessCall | None = None
    tighter: WitnessCall | None = None
    gains: tuple[AccessLine, ...] = ()
    losses: tuple[AccessLine, ...] = ()
    omitted: int = 0
    affected: Affected | None = None
    unknown: tuple[str, ...] = ()
    changes: tuple[ChangeVerdict, ...] = ()
    at: Instant | None = None


NO_MEANING = Meaning(verdict="equal", loosens="no", tightens="no", affected=Affected())
"""Nothing changes."""

_BOUND = {"kind", "what", "before", "after", "users", "instances", "everybody", "agent", "context"}


def meaning_digest(meaning: Meaning) -> str:
    """Digest over the verdicts and over who gains and who loses what.

    Where things are written, witnesses and moments are outside of it: the same change means the same tomorrow, and
    moving a file changes nothing.
    """
    body = meaning.model_dump(
        mode="json", include={"verdict", "loosens", "tightens", "omitted", "unknown", "affected", "changes"}
    )
    for name, lines in (("gains", meaning.gains), ("losses", meaning.losses)):
        body[name] = sorted((_bound(line) for line in lines), key=canonical_bytes)
    return digest(body)


def _bound(line: AccessLine) -> dict[str, Any]:
    """What of a line an approval binds; the order of names says nothing, and the first of many are any."""
    body = line.model_dump(mode="json", include=_BOUND)
    return body | {"names": sorted(line.names) if line.everybody is None else []}
