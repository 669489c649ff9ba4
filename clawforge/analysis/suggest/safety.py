"""Whether a change of policies lets any of them say more than it said, whatever applies beside it.

Where a policy is silent, those that extend it may hear another parent; what it says then may be more than that parent
said. And a list of commands is no ordinary list: beside a policy that asks about every command and has no list, a list
lets commands through that were stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from clawforge.analysis.suggest.part import Part
from clawforge.decide.command_pattern import CommandPattern, WordGlob
from clawforge.resolve.lexicon import Lexicon
from clawforge.resolve.statement import Speaker, Statements
from clawforge.resource.merge import Vocabulary
from clawforge.resource.meta import Resource
from clawforge.resource.policy import ExecMode, Policy

_LISTS = (
    (Part.TOOLS, "tools.allow", Vocabulary.TOOLS),
    (Part.MCP, "mcp.allow", Vocabulary.NAMES),
    (Part.NETWORK, "network.allow", Vocabulary.DOMAINS),
)


def widened(before: Mapping[str, Policy], after: Iterable[Resource], lexicon: Lexicon) -> frozenset[Part]:
    """The sections in which some policy may say more than before. None is left out; one may be there for nothing."""
    later = {item.address: item for item in after if isinstance(item, Policy)}
    then, now = Speaker(before, lexicon), Speaker(later, lexicon)
    found: set[Part] = set()
    for address, policy in before.items():
        said, says = then.says(policy), now.says(later[address])
        for part, path, of in _LISTS:
            if not _list_shrinks(said, says, path, of, lexicon):
                found.add(part)
        if not _commands_shrink(said, says):
            found.add(Part.EXEC)
    return frozenset(found)


def _list_shrinks(said: Statements, says: Statements, path: str, of: Vocabulary, lexicon: Lexicon) -> bool:
    if path not in said:
        return True
    before: Sequence[str] = said[path].value
    return path in says and all(item in before or lexicon.covering(of, before, item) for item in says[path].value)


def _commands_shrink(said: Statements, says: Statements) -> bool:
    """A mode may become stricter, but from one that asks only if there was a list, as that is what counts then."""
    mode, later_mode = _mode(said), _mode(says)
    listed, later_list = _list(said), _list(says)
    if (mode, listed) == (later_mode, later_list):
        return True
    order = list(ExecMode)
    if order.index(later_mode) < order.index(mode):
        return False
    if listed is None:
        return mode in (ExecMode.FULL, ExecMode.DENY)
    return later_list is not None and all(_is_covered(text, listed) for text in later_list)


def _mode(said: Statements) -> ExecMode:
    return said["exec.mode"].value if "exec.mode" in said else ExecMode.FULL


def _list(said: Statements) -> tuple[str, ...] | None:
    return said["exec.allow"].value if "exec.allow" in said else None


def _is_covered(text: str, listed: Sequence[str]) -> bool:
    if text in listed:
        return True
    try:
        narrow = CommandPattern.parse(text)
        return any(_covers(CommandPattern.parse(wide), narrow) for wide in listed)
    except ValueError:
        return False


def _covers(wide: CommandPattern, narrow: CommandPattern) -> bool:
    """Whether every command that `narrow` means is surely one that `wide` means."""
    if wide.is_by_path is not narrow.is_by_path or narrow.is_open:
        return False
    extra = len(narrow.words) - len(wide.words)
    if extra < 0 or (extra and not wide.is_open):
        return False
    return all(_word_covers(*pair) for pair in zip(wide.words, narrow.words, strict=False))


def _word_covers(wide: WordGlob, narrow: WordGlob) -> bool:
    if len(narrow.pieces) == 1:
        return wide.matches(narrow.pieces[0])
    return wide.pieces in (("", ""), narrow.pieces)
