"""Resolution and access diff of a large org: everybody, and after one changed policy; with the growth.

SIZES (default 1000,10000,100000) are counts of users; each has an instance. 1,000 policies and 500 groups at the
largest, in proportion below.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import resource
import time
from collections.abc import Callable
from typing import Any

import orjson

from clawforge.analysis.access_diff import access_diff
from clawforge.analysis.population import KnownInstance, Population
from clawforge.analysis.verdict import judge
from clawforge.analysis.world import World
from clawforge.resolve.org import OrgModel
from clawforge.resource.meta import Resource
from clawforge.resource.registry import BY_KIND

NOW = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)
SIZES = [int(size) for size in os.environ.get("SIZES", "1000,10000,100000").split(",")]
SCATTERED = bool(os.environ.get("SCATTERED"))
TOOLS = ("exec", "read", "write", "web_fetch", "browser", "message", "process", "mcp__github__*", "group:fs", "skill")


def made(kind: str, name: str, spec: dict[str, Any]) -> Resource:
    """One resource."""
    body = {"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    return BY_KIND[kind].model_validate_json(orjson.dumps(body), strict=True)


def organization(users: int) -> tuple[list[Resource], list[KnownInstance]]:
    """People in one team each, a fifth of them in a further group, which four teams share (SCATTERED=1: any one, which
    makes ten times as many classes); a base for every team, overlays and guardrails."""
    chance = random.Random(7)
    groups = max(users // 200, 5)
    policies = max(users // 100, 10)
    teams, further = groups * 4 // 5, groups - groups * 4 // 5
    members: dict[int, list[str]] = {group: [] for group in range(groups)}
    names = [f"user-{number}" for number in range(users)]
    for name in names:
        team = chance.randrange(teams)
        members[team].append(name)
        if chance.random() < 0.2:
            members[teams + (chance.randrange(further) if SCATTERED else team * further // teams)].append(name)
    found = [made("User", name, {"email": f"{name}@acme.example"}) for name in names]
    found += [
        made("Group", f"group-{group}", {"members": {"users": list_}}) for group, list_ in members.items() if list_
    ]
    found.append(made("Policy", "everybody", {"appliesTo": "everyone", "tools": {"allow": ["read", "message"]}}))
    for number in range(policies - 1):
        found.append(made("Policy", f"policy-{number}", policy(number, groups, chance)))
    instances = [
        KnownInstance(f"{name}-laptop", name, (), (("env", chance.choice(("office", "home", "lab"))),))
        for name in names
    ]
    return found, instances


def policy(number: int, groups: int, chance: random.Random) -> dict[str, Any]:
    """A base for a team, an overlay or a guardrail for a group or a tag."""
    mode = ("base", "overlay", "guardrail")[0 if number < groups else 1 + number % 2]
    selector: dict[str, Any] = {"groups": [f"group-{number % groups}"]}
    if mode != "base" and number % 5 == 0:
        selector["tags"] = {"env": ["lab"]}
    spec: dict[str, Any] = {"mode": mode, "appliesTo": selector, "priority": 100 + number % groups}
    if mode == "base":
        spec["tools"] = {"allow": sorted(chance.sample(TOOLS, 6))}
        spec["exec"] = {"mode": "allowlist", "allow": ["git **", f"make target-{number % 40}", "ls **"]}
    else:
        spec["tools"] = {"deny": sorted(chance.sample(TOOLS, 1))}
        spec["paths"] = {"deny": [f"/srv/area-{number % 50}/**"]}
    return spec


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came out."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def everybody(resources: list[Resource], instances: list[KnownInstance]) -> int:
    """From nothing to all: everybody's access, resolved and compared."""
    world = World((), resources, NOW, models=(OrgModel(()), OrgModel(resources)))
    return len(access_diff(world, Population(world, instances)).lines)


def one_policy(resources: list[Resource], model: OrgModel, instances: list[KnownInstance]) -> tuple[int, str]:
    """One changed policy over a state that is in memory: who is affected, and the verdict."""
    at = next(index for index, item in enumerate(resources) if item.address == "Policy/policy-3")
    spec = {**orjson.loads(resources[at].spec.model_dump_json(by_alias=True, exclude_defaults=True))}
    spec["tools"] = {"allow": ["read", "web_search"]}
    changed = [*resources[:at], made("Policy", "policy-3", spec), *resources[at + 1 :]]
    world = World(resources, changed, NOW, models=(model, OrgModel(changed, previous=model)))
    diff = access_diff(world, Population(world, instances))
    return len(diff.users), judge(world).verdict


def main() -> None:
    """Print a table."""
    print(
        f"{'users':>8} {'policies':>8} {'all s':>7} {'lines':>6} {'one s':>7} {'people':>7} {'verdict':>8} {'MiB':>6}"
    )
    for size in SIZES:
        resources, instances = organization(size)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        whole, lines = timed(lambda: everybody(resources, instances))  # noqa: B023 - called at once
        model = OrgModel(resources)
        one, (people, verdict) = timed(lambda: one_policy(resources, model, instances))  # noqa: B023
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        policies = sum(item.kind == "Policy" for item in resources)
        print(
            f"{size:>8} {policies:>8} {whole:>7.2f} {lines:>6} {one:>7.2f} {people:>7} {verdict:>8} "
            f"{peak / 1024:>6.0f} (of which input {before / 1024:.0f})"
        )


if __name__ == "__main__":
    main()
