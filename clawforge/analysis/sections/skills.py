"""Skills: every key, version, content and source that verdicts name, and others, through the judges themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from itertools import product as combinations

from clawforge.analysis.level import FREE, Example, Level, Outcomes, Pair
from clawforge.analysis.sections.unnamed import unnamed
from clawforge.decide.blame import Blame
from clawforge.decide.call import Call
from clawforge.decide.catalogue import folded
from clawforge.decide.facets import Facets
from clawforge.decide.judges.skills import RevokedSkillsJudge, SkillRulesJudge
from clawforge.decide.names import NamePattern
from clawforge.decide.request import InstanceFacts, Request, Runtime
from clawforge.effective import EffectiveSkillRules, EffectiveSkills, SkillIdentity

SkillSide = tuple[EffectiveSkillRules, EffectiveSkills]
"""What policies say about skills, and the verdicts that apply."""

SKILL_TOOL = "skill"
_OTHER = "other"
_OTHER_VERSION = "0.0.0-other"
_OTHER_DIGEST = "sha256:" + "0" * 64
_AT = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def skill_outcomes(before: SkillSide, after: SkillSide, facets: Facets) -> Outcomes:
    """The pairs of calls to a tool that loads skills."""
    if not facets.skill:
        return FREE
    key = (before[0], id(before[1]), after[0], id(after[1]))
    known = _KNOWN.get(key)
    if known is None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        # The sides are kept, so that their identities stay their own; hashing a thousand verdicts each time costs more.
        known = _KNOWN[key] = (_skill_outcomes(before, after), before, after)
    return known[0]


_MOST_KNOWN = 4_096
_KNOWN: dict[object, tuple[Outcomes, SkillSide, SkillSide]] = {}


def _skill_outcomes(before: SkillSide, after: SkillSide) -> Outcomes:
    sides = (_Skills(before), _Skills(after))
    found: dict[Pair, Example] = {}
    for params in _calls(before, after):
        call = skill_call(params)
        found.setdefault((sides[0].level(call), sides[1].level(call)), Example(params))
    return found


def skill_call(params: dict[str, str]) -> Call:
    """A call that loads a skill."""
    return Call(Request(tool=SKILL_TOOL, params=params, user=_OTHER, at=_AT), InstanceFacts(), Runtime())


class _Skills:
    """One side: what its judges say."""

    def __init__(self, side: SkillSide) -> None:
        rules, verdicts = side
        blame = Blame({}, "skills")
        self._judges = (SkillRulesJudge(rules, verdicts.approved, blame), RevokedSkillsJudge(verdicts, blame))

    def level(self, call: Call) -> Level:
        """The level of one call."""
        refused = any(True for judge in self._judges for _ in judge.reasons(call))
        return Level.DENY if refused else Level.ALLOW


def _calls(before: SkillSide, after: SkillSide) -> Iterator[dict[str, str]]:
    """Calls that the verdicts and sources can tell apart: for each key the versions and contents that stand with it."""
    sources = tuple(_sources((before[0], after[0])))
    identities = [one for _, verdicts in (before, after) for one in (*verdicts.approved, *verdicts.revoked)]
    # A refusal also means what is spelled alike, so whatever is spelled alike stands together.
    alike: dict[str, list[SkillIdentity]] = {}
    for one in identities:
        alike.setdefault(folded(one.key), []).append(one)
    by_key: dict[str, list[SkillIdentity]] = {unnamed(_OTHER, alike.__contains__): []}
    by_key.update((one.key, alike[folded(one.key)]) for one in identities)
    # Content that was revoked stays so under any key; where both sides revoke it no key can tell them apart.
    contested = _digests(set(before[1].revoked) ^ set(after[1].revoked))
    known = _digests(identities)
    other_digest = _OTHER_DIGEST + unnamed("", lambda word: _OTHER_DIGEST + word in known)
    for key, named in _telling(by_key, before[1], after[1]):
        written = {one.version for one in named if one.version is not None}
        versions = (None, unnamed(_OTHER_VERSION, written.__contains__), *sorted(written))
        digests = (None, other_digest, *sorted(_digests(named) | contested))
        for version, digest, source in combinations(versions, digests, sources):
            given = {"name": key, "version": version, "digest": digest, "source": source}
            yield {name: value for name, value in given.items() if value is not None}
    yield from ({"source": source} if source else {} for source in sources)


def _telling(
    by_key: Mapping[str, list[SkillIdentity]], before: EffectiveSkills, after: EffectiveSkills
) -> Iterator[tuple[str, list[SkillIdentity]]]:
    """The keys about which the sides differ, and of the others one of each sort: those get the same on both sides
    wherever the rules are the same, and where the rules differ what the others of their sort get."""
    sides = [[set(side.approved), set(side.revoked)] for side in (before, after)]
    seen: set[object] = set()
    for key, named in by_key.items():
        if all(one in sides[0][part] and one in sides[1][part] for one in named for part in _parts_of(one, sides)):
            sort = frozenset(
                (part, one.version is None, one.digest is None) for one in named for part in _parts_of(one, sides)
            )
            if sort in seen:
                continue
            seen.add(sort)
        yield key, named


def _parts_of(one: SkillIdentity, sides: list[list[set[SkillIdentity]]]) -> list[int]:
    """Whether it stands among the approved (0), the revoked (1), or both, on either side."""
    return [part for part in (0, 1) if any(one in side[part] for side in sides)]


def _digests(named: Iterable[SkillIdentity]) -> set[str]:
    return {one.digest for one in named if one.digest is not None}


def _sources(rules: Iterable[EffectiveSkillRules]) -> Iterator[str | None]:
    yield None
    written = sorted({text for one in rules for text in one.sources or ()})
    if not written:
        return
    patterns = [pattern for text in written if (pattern := NamePattern.parse(text)) is not None]
    for stem in sorted({"", *(pattern.stem for pattern in patterns if pattern.open)}):
        more = [one for one in patterns if len(one.stem) > len(stem)]
        word = unnamed(_OTHER, lambda word, stem=stem, more=more: any(one.matches(stem + word) for one in more))  # type: ignore[misc]
        yield stem + word
    yield from (pattern.stem for pattern in patterns if pattern.stem)
