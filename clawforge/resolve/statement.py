"""What policies say about their fields, with the place of every value: one policy with the parents it
extends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clawforge.effective import Source
from clawforge.errors import InputError
from clawforge.resolve.field import PolicyField, policy_fields
from clawforge.resolve.lexicon import Lexicon
from clawforge.resource.merge import MergeRule, Vocabulary
from clawforge.resource.policy import Policy, PolicyRules, Profile, parent_names

Sources = tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A value of a field, ready to meet others: groups and aliases are expanded. `sources` say where it is
    written; `members`, for a list, where each member is."""

    value: Any
    sources: Sources = ()
    members: Mapping[str, Sources] | None = None


Statements = Mapping[str, Statement]
"""By path; a field that is not mentioned is not here."""

PROFILE, ALLOW = "tools.profile", "tools.allow"

_LONGEST_SHOWN = 10
"""Addresses of a cycle that a message names."""


class Speaker:
    """Reads policies: flattens `extends`, expands names, and folds the profile into the allow list.

    Everything is worked out once a policy, when it is first asked for; what `previous` knows of policies that are the
    same is taken over.
    """

    def __init__(self, policies: Mapping[str, Policy], lexicon: Lexicon, *, previous: Speaker | None = None) -> None:
        self._policies = policies
        self._lexicon = lexicon
        self._flat: dict[str, Statements] = {}
        self._said: dict[str, Statements] = {}
        if previous is not None:
            other = self._differing(previous)
            self._flat.update((address, said) for address, said in previous._flat.items() if address not in other)
            self._said.update((address, said) for address, said in previous._said.items() if address not in other)

    def _differing(self, previous: Speaker) -> set[str]:
        """The policies that are not the same objects on both sides, and whatever extends such a one."""
        sides = (self._policies, previous._policies)
        found = {
            address
            for address in sides[0].keys() | sides[1].keys()
            if sides[0].get(address) is not sides[1].get(address)
        }
        children: dict[str, list[str]] = {}
        for side in sides:
            for address, policy in side.items():
                for parent in policy.spec.extends:
                    children.setdefault(parent, []).append(address)
        waiting = list(found)
        while waiting:
            new = set(children.get(waiting.pop(), ())) - found
            found |= new
            waiting += new
        return found

    def says(self, policy: Policy) -> Statements:
        """What a policy says about every field that it or a parent mentions, without targeting.

        Raises InputError for a cycle in `extends` and for a parent that does not exist.
        """
        address = policy.address
        if address not in self._said:
            self._said[address] = self._with_profile_folded(self._flattened(policy))
        return self._said[address]

    def unknown_groups(self, policy: Policy) -> list[str]:
        """Groups of tools that the policy or a parent names and the catalogue does not know, sorted."""
        unknown: set[str] = set()
        seen: set[str] = set()
        waiting = [policy]
        while waiting:
            current = waiting.pop()
            if current.address in seen:
                continue
            seen.add(current.address)
            waiting.extend(self._parent(current, name) for name in parent_names(current.spec))
            for field in policy_fields():
                value = field.value_in(current.spec)
                if isinstance(value, tuple):
                    unknown.update(item for item in value if self._lexicon.expand(field.merge.of, item) is None)
        return sorted(unknown)

    def _flattened(self, policy: Policy) -> Statements:
        """Parents before children, on a stack of our own: a long chain must not become our recursion."""
        chain, open_ = [policy], {policy.address}
        while chain and policy.address not in self._flat:
            current = chain[-1]
            parents = (self._parent(current, name) for name in parent_names(current.spec))
            parent = next((one for one in parents if one.address not in self._flat), None)
            if parent is None:
                self._flat[current.address] = self._extended(current)
                open_.discard(chain.pop().address)
            elif parent.address in open_:
                raise _cycle([one.address for one in chain], parent.address)
            else:
                chain.append(parent)
                open_.add(parent.address)
        return self._flat[policy.address]

    def _parent(self, child: Policy, name: str) -> Policy:
        parent = self._policies.get(f"Policy/{name}")
        if parent is None:
            raise InputError(
                f"{child.address} extends Policy/{name}, which does not exist.",
                hint="Correct the name in `extends`, or add that policy.",
                code="unknown-reference",
            )
        return parent

    def _extended(self, policy: Policy) -> Statements:
        """Lists that unite are united with the parents'; of every other field the last that speaks is
        heard."""
        merged: dict[str, Statement] = {}
        parents = [self._flat[f"Policy/{name}"] for name in parent_names(policy.spec)]
        for layer in [*parents, dict(read_rules(policy.spec, policy.address, "/spec", self._lexicon))]:
            for field in policy_fields():
                said = layer.get(field.path)
                if said is None:
                    continue
                before = merged.get(field.path)
                if before is not None and field.merge.rule is MergeRule.UNION:
                    said = unite(self._lexicon, field.merge.of, [before, said])
                merged[field.path] = said
        return merged

    def _with_profile_folded(self, said: Statements) -> Statements:
        folded = dict(said)
        profile = folded.pop(PROFILE, None)
        if profile is None:
            return folded
        tools = self._lexicon.profile(profile.value.value)
        if profile.value is Profile.FULL or tools is None:
            return folded
        named = Statement(
            self._lexicon.normalise(Vocabulary.TOOLS, tools),
            profile.sources,
            dict.fromkeys(tools, profile.sources),
        )
        allow = folded.get(ALLOW)
        folded[ALLOW] = named if allow is None else common(self._lexicon, Vocabulary.TOOLS, [allow, named])
        return folded


def _cycle(chain: list[str], again: str) -> InputError:
    circle = [*chain[chain.index(again) :], again]
    if len(circle) > _LONGEST_SHOWN:
        circle[_LONGEST_SHOWN // 2 : -_LONGEST_SHOWN // 2] = ["..."]
    return InputError(
        f"{again} extends itself: {' -> '.join(circle)}.",
        hint="Break the circle in `extends`.",
        code="extends-cycle",
    )


def read_rules(rules: PolicyRules, resource: str, root: str, lexicon: Lexicon) -> Iterator[tuple[str, Statement]]:
    """What these sections say, by path; `root` is the JSON pointer at which they stand in the resource."""
    for field in policy_fields():
        value = field.value_in(rules)
        if value is None:
            continue
        source = Source(resource=resource, pointer=root + field.pointer.removeprefix("/spec"))
        if isinstance(value, tuple):
            yield field.path, _read_list(field, value, source, lexicon)
        else:
            yield field.path, Statement(value, (source,))


def _read_list(field: PolicyField, items: tuple[str, ...], source: Source, lexicon: Lexicon) -> Statement:
    """A group that nobody knows names nothing in a list that allows. In a list that forbids it stays as it
    is written, so that whoever judges by the list sees that something is missing from it."""
    members: dict[str, Sources] = {}
    for index, item in enumerate(items):
        place = Source(resource=source.resource, pointer=f"{source.pointer}/{index}")
        expanded = lexicon.expand(field.merge.of, item)
        if expanded is None:
            expanded = (item,) if field.merge.rule is MergeRule.UNION else ()
        for member in expanded:
            members[member] = (*members.get(member, ()), place)
    return _list_statement(lexicon, field.merge.of, members, (source,))


def unite(lexicon: Lexicon, of: Vocabulary, given: Iterable[Statement]) -> Statement:
    """All members of all lists; a member keeps the place of every list that holds it."""
    members: dict[str, Sources] = {}
    sources: list[Source] = []
    for said in given:
        sources.extend(said.sources)
        for member in said.value:
            members[member] = (*members.get(member, ()), *(said.members or {}).get(member, ()))
    return _list_statement(lexicon, of, members, tuple(sources))


def common(lexicon: Lexicon, of: Vocabulary, given: Iterable[Statement]) -> Statement:
    """What every list means; a member keeps the places of what covers it in each list."""
    lists = list(given)
    value: tuple[str, ...] = lexicon.normalise(of, lists[0].value)
    for said in lists[1:]:
        value = lexicon.intersect(of, value, said.value)
    if not any(said.members for said in lists):
        return Statement(value, tuple(source for said in lists for source in said.sources))
    members = {
        member: tuple(
            place
            for said in lists
            for covering in lexicon.covering(of, said.value, member)
            for place in (said.members or {}).get(covering, ())
        )
        for member in value
    }
    return Statement(value, tuple(source for said in lists for source in said.sources), members)


def _list_statement(lexicon: Lexicon, of: Vocabulary, members: dict[str, Sources], sources: Sources) -> Statement:
    value = lexicon.normalise(of, list(members))
    # Normalising may respell a pattern (`group:plugins&x*` where no core tool starts so); such a one is
    # covered by what it was spelled from.
    places = {
        member: members.get(member)
        or tuple(place for other in lexicon.covering(of, list(members), member) for place in members[other])
        for member in value
    }
    return Statement(value, sources, places)
