"""Command patterns against an independent oracle, and the sentences that refuse bad ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.decide.command_pattern import CommandPattern, matches_all, matches_any
from clawforge.decide.shell import SimpleCommand, parse_command

WORD = st.text("ab*", min_size=1, max_size=6).filter(lambda word: "**" not in word)
VALUE = st.text("ab*", max_size=7)


def patterns(*texts: str) -> list[CommandPattern]:
    return [CommandPattern.parse(text) for text in texts]


def oracle_word(pattern: str, value: str) -> bool:
    """Plain backtracking: `*` takes nothing, or one character and goes on."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        return oracle_word(pattern[1:], value) or (bool(value) and oracle_word(pattern, value[1:]))
    return bool(value) and pattern[0] == value[0] and oracle_word(pattern[1:], value[1:])


def oracle(words: list[str], values: list[str]) -> bool:
    if not words:
        return not values
    if words == ["**"]:
        return True
    return bool(values) and oracle_word(words[0], values[0]) and oracle(words[1:], values[1:])


@settings(max_examples=150)
@given(st.lists(WORD, min_size=1, max_size=4), st.booleans(), st.lists(VALUE, min_size=1, max_size=5))
def test_matching_agrees_with_backtracking(words: list[str], rest: bool, values: list[str]) -> None:
    words = [*words, "**"] if rest else words
    pattern = CommandPattern.parse(" ".join(words))
    assert pattern.matches(SimpleCommand(values[0], tuple(values[1:]))) == oracle(words, values)


@settings(max_examples=100)
@given(WORD, VALUE)
def test_one_word_agrees_with_backtracking(word: str, value: str) -> None:
    assert CommandPattern.parse(word).matches(SimpleCommand(value, ())) == oracle_word(word, value)


@settings(max_examples=100)
@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_a_value_error(text: str) -> None:
    try:
        pattern = CommandPattern.parse(text)
    except ValueError:
        return
    assert str(pattern) == text
    assert CommandPattern.parse(str(pattern)) == pattern


@pytest.mark.parametrize(
    ("pattern", "words", "matches"),
    [
        ("git status", ["git", "status"], True),
        ("  git \t status ", ["git", "status"], True),
        ("git status", ["git"], False),
        ("git **", ["git"], True),
        ("git **", ["git", "a", "b"], True),
        ("git *", ["git"], False),
        ("git *", ["git", ""], True),
        ("git *", ["git", "a", "b"], False),
        ("* **", ["anything", "x"], True),
        ("ls 'a b'", ["ls", "a b"], True),
        ('ls "a \\" b"', ["ls", 'a " b'], True),
        ("ls a\\ b", ["ls", "a b"], True),
        ("ls ''", ["ls", ""], True),
        ("ls '*'", ["ls", "*"], True),
        ("ls '*'", ["ls", "x"], False),
        ("ls \\*", ["ls", "x"], False),
        ("ls '**'", ["ls", "a", "b"], False),
        ("ls '**'", ["ls", "**"], True),
        ("find ';'", ["find", ";"], True),
        ("npm run a*c*e", ["npm", "run", "abcde"], True),
        ("npm run a*a", ["npm", "run", "a"], False),
        ("git [a]?", ["git", "[a]?"], True),
        ("git [a]?", ["git", "ab"], False),
    ],
)
def test_pattern(pattern: str, words: list[str], matches: bool) -> None:
    assert CommandPattern.parse(pattern).matches(SimpleCommand(words[0], tuple(words[1:]))) == matches


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "begins with the name of a program"),
        ("  ", "begins with the name of a program"),
        ("**", "begins with the name of a program"),
        ("git ** status", "may only stand alone"),
        ("git a**", "may only stand alone"),
        ("./g* status", "without `\\*`"),
        ("'' x", "must not be empty"),
        ("git 'x", "without its closing one"),
        ("git x\\", "must not end in a backslash"),
        ("git log | head", "describes one command"),
        ("git status; ls", "describes one command"),
        ("git status > x", "describes one command"),
        ("git\nls", "one line"),
    ],
)
def test_bad_pattern_says_why(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        CommandPattern.parse(pattern)


def test_every_list_must_match_every_command() -> None:
    parsed = parse_command("git status && ls")
    wide, narrow = patterns("git **", "ls **"), patterns("git status")
    assert matches_all(parsed, [wide])
    assert not matches_all(parsed, [wide, narrow])
    assert not matches_all(parsed, [narrow, wide])
    assert matches_all(parse_command("git status"), [wide, narrow])


def test_nothing_is_allowed_by_no_list_or_an_empty_one() -> None:
    parsed = parse_command("ls")
    assert not matches_all(parsed, [])
    assert not matches_all(parsed, [[]])
    assert not matches_all(parsed, [patterns("ls"), []])
    assert not matches_all(parse_command(""), [patterns("* **")])


def test_the_first_denied_command_is_named_also_behind_wrappers() -> None:
    deny = patterns("rm **", "cat **")
    assert matches_any(parse_command("ls; cat x; rm y"), deny) == SimpleCommand("cat", ("x",))
    assert matches_any(parse_command("ls; rmdir x"), deny) is None
    assert matches_any(parse_command("ls"), []) is None
    for line in (
        "sudo -u root rm x",
        "sudo A=b rm x",
        "env -i A=b rm x",
        "env -S 'rm x'",
        "command rm x",
        "nohup nice -n 5 rm x",
        "timeout --signal=9 5 rm x",
        "ls | xargs -I {} rm {}",
        "bash -lc 'ls; rm x'",
        "eval rm x",
        "trap 'rm x' EXIT",
        "su -c 'rm x' root",
        "flock /tmp/lock -c 'rm x'",
        "find . -type f -execdir rm {} +",
        "watch -n 1 rm x",
        "ls $(rm x)",
        "if ls; then rm x; fi",
    ):
        found = matches_any(parse_command(line), deny)
        assert found is not None, line
        assert found.program == "rm", line
