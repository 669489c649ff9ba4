"""The results of policy tests with where everything stands in the files, for the views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from clawforge.errors import InputError

if TYPE_CHECKING:
    from clawforge.diagnostic import Location
    from clawforge.load.project import Project
    from clawforge.policy_tests import CaseResult
    from clawforge.testing.coverage import Coverage
    from clawforge.testing.near_miss import NearMiss

_MOST_EXPLAINED = 200
"""Failures for which the nearest rule is looked up: nobody reads more of them."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A result, where its case is written, and for a failure what came nearest to the expectation."""

    result: CaseResult
    location: Location
    near: NearMiss | None = None
    near_location: Location | None = None


@dataclass(frozen=True, slots=True)
class CaseReport:
    """Every result, what they cover if that was asked, and what is odd about the cases, each with its place."""

    cases: tuple[Placed, ...]
    coverage: Coverage | None
    remarks: tuple[tuple[Location, str], ...]
    project: Project

    @property
    def failed(self) -> int:
        """How many cases failed."""
        return sum(not item.result.passed for item in self.cases)

    def place(self, address: str, pointer: str = "") -> Location | None:
        """Where a rule is written."""
        loaded = self.project.by_address.get(address)
        return None if loaded is None else loaded.location(pointer)


def run_cases(project: Project, select: str | None = None, *, cover: bool = False) -> CaseReport:
    """Run the cases of a project, or those whose name fits the glob. Raises InputError if the glob fits none."""
    from clawforge.decide.simulate import Simulator
    from clawforge.policy_tests import run_policy_tests
    from clawforge.resolve.org import OrgModel

    simulator = Simulator(OrgModel(project.values), project.positions)
    wanted = None if select is None else lambda name: fnmatchcase(name.casefold(), select.casefold())
    results = run_policy_tests(project.values, simulator, wanted=wanted)
    if select is not None and not results:
        raise InputError(
            f"No case has a name like {select!r}.", hint="`*` stands for any text, as in --select '*keys*'."
        )
    measured = None
    if cover:
        from clawforge.testing.coverage import coverage

        measured = coverage(project.values, results)
    return CaseReport(tuple(_placed(project, results)), measured, tuple(sorted(_remarks(project))), project)


def _remarks(project: Project) -> Iterator[tuple[Location, str]]:
    from clawforge.testing.remarks import remarks

    for remark in remarks(project.values):
        yield project.by_address[remark.address].location(remark.pointer), remark.message


def _placed(project: Project, results: Sequence[CaseResult]) -> list[Placed]:
    failures = [result for result in results if not result.passed][:_MOST_EXPLAINED]
    near: dict[int, NearMiss] = {}
    if failures:
        from clawforge.testing.near_miss import near_miss
        from clawforge.testing.rule_book import RuleBook

        book = RuleBook(project.values)
        near = {id(result): found for result in failures if (found := near_miss(result, book)) is not None}
    return [_with_places(project, result, near.get(id(result))) for result in results]


def _with_places(project: Project, result: CaseResult, near: NearMiss | None) -> Placed:
    location = project.by_address[result.address].location(result.pointer)
    loaded = project.by_address.get(near.address or "") if near is not None else None
    return Placed(result, location, near, loaded.location(near.pointer or "") if loaded and near else None)
