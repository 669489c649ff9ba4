"""What is odd about policy tests, whether they pass or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy
from clawforge.resource.policy_test import PolicyTest
from clawforge.testing.likeness import meant_tool


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence about a case, and where the case is written."""

    address: str
    pointer: str
    message: str


def remarks(resources: Iterable[Resource]) -> list[Remark]:
    """Cases of one PolicyTest that share a name, which no report can tell apart, and calls of tools that do not exist
    where another one was probably meant: they are refused whatever the policies say about the other."""
    every = sorted(resources, key=lambda resource: resource.address)
    named = frozenset(name for item in every if isinstance(item, Policy) for name in _named(item))
    tests = [item for item in every if isinstance(item, PolicyTest)]
    return [remark for test in tests for remark in (*_same_names(test), *_unknown_tools(test, named))]


def _named(policy: Policy) -> Iterator[str]:
    tools = policy.spec.tools
    if tools is not None:
        yield from (*(tools.allow or ()), *(tools.ask or ()), *(tools.deny or ()))


def _same_names(test: PolicyTest) -> Iterator[Remark]:
    seen: set[str] = set()
    for index, case in enumerate(test.spec.written):
        if case.name in seen:
            message = f"another case of {test.address} has the name '{case.name}' too"
            yield Remark(test.address, f"/spec/cases/{index}/name", message)
        seen.add(case.name)


def _unknown_tools(test: PolicyTest, named: frozenset[str]) -> Iterator[Remark]:
    for index, case in enumerate(test.spec.written):
        written = case.call.tools
        for name in (written,) if isinstance(written, str) else written:
            meant = meant_tool(name, named)
            if meant is not None:
                message = f"there is no tool `{name}`: did you mean `{meant}`?"
                yield Remark(test.address, f"/spec/cases/{index}/call/tool", message)
