"""What the server checks about proposed resources by itself, whatever the client claims to have checked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import orjson

from clawforge.finding import Finding
from clawforge.load.resource import parse_resource, written_address
from clawforge.policy_tests import CaseResult
from clawforge.position import Positions
from clawforge.proposal_checks import ProposalChecks
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resolve.variants import check_variants, horizon
from clawforge.resource.meta import Resource
from clawforge.wire import Position, ProblemItem
from clawforge_server.problems import ListedError
from clawforge_server.state.org_state import OrgState

_MOST_PROBLEMS = 1_000


def parse_resources(values: Iterable[dict[str, Any]], positions: Positions, present: OrgState) -> list[Resource]:
    """The resources. Raises ListedError (`invalid-resources`) with everything that is wrong with any of them."""
    resources: list[Resource] = []
    problems: list[ProblemItem] = []
    seen: set[str] = set()
    for value in values:
        address = written_address(value)
        parsed = _unchanged(value, address, present) or parse_resource(value)
        if isinstance(parsed, list):
            problems += [_item(item.code, item.message, item.hint, address, item.pointer, positions) for item in parsed]
        elif parsed.address in seen:
            message = f"{parsed.address} is declared more than once."
            hint = "Rename one of them."
            problems.append(_item("duplicate-resource", message, hint, parsed.address, "/metadata/name", positions))
        else:
            seen.add(parsed.address)
            resources.append(parsed)
    if problems:
        raise _refusal("invalid-resources", problems, "resource problem")
    return resources


def _unchanged(value: dict[str, Any], address: str | None, present: OrgState) -> Resource | None:
    """The resource in force, if this is it to the byte: most of a proposal is, and need not be parsed again."""
    entry = present.state.entries.get(address) if address is not None else None
    if address is None or entry is None:
        return None
    try:
        # Whatever is written like a canonical body is that body: nothing inexact is in one.
        written = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return None
    return present.resources[address] if written == entry.body else None


def check_bundles(model: OrgModel, subjects: Iterable[Subject], now: dt.datetime) -> None:
    """Raise InputError unless a bundle can be made for every subject: an agent that gets none learns of no change."""
    check_variants(model, subjects, *horizon(now))


def refuse_failures(checked: ProposalChecks, positions: Positions) -> None:
    """Raise ListedError (`lint-errors`, `tests-failed`) if the checks over a proposed state failed."""
    if checked.errors:
        raise _refusal("lint-errors", [_finding_item(item, positions) for item in checked.errors], "lint error")
    if checked.failed:
        failed = [_case_item(item, positions) for item in checked.failed]
        raise _refusal("tests-failed", failed, "policy test", verb="failed")


def _case_item(result: CaseResult, positions: Positions) -> ProblemItem:
    message = f"The test case {result.case.name!r} fails: {result.failure}"
    hint = "Change the policies, or the expectation of the case."
    return _item("test-failed", message, hint, result.address, result.pointer, positions)


def _refusal(code: str, problems: list[ProblemItem], noun: str, verb: str = "found") -> ListedError:
    count = len(problems)
    message = f"{count} {noun}{'s' if count != 1 else ''} {verb}; nothing was changed."
    hint = "Run `clawforge lint` and `clawforge test` on the project." if code != "invalid-resources" else ""
    return ListedError(code, message, tuple(problems[:_MOST_PROBLEMS]), hint=hint)


def _finding_item(finding: Finding, positions: Positions) -> ProblemItem:
    return _item(finding.code, finding.message, finding.hint, finding.address, finding.pointer, positions)


def _item(code: str, message: str, hint: str, address: str | None, pointer: str, positions: Positions) -> ProblemItem:
    position = positions.get(address) if address is not None else None
    place = None if position is None else Position(file=position.file, line=position.line_of(pointer))
    return ProblemItem(code=code, message=message, hint=hint, address=address, position=place)
