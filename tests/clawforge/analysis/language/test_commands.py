"""Combinations of command patterns against every command over small alphabets."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.analysis.language.budget import MOST_STEPS, Budget, TooComplexError
from clawforge.analysis.language.commands import CommandPredicate, CommandVectors, command_vectors
from clawforge.analysis.language.program_words import _ProgramGlobs
from clawforge.analysis.language.word_condition import WordCondition
from clawforge.analysis.language.word_machine import WordMachine
from clawforge.decide.command_pattern import CommandPattern, matches_any
from clawforge.decide.shell import ParsedCommand, SimpleCommand, parse_command
from clawforge.decide.shell_program import SYSTEM_DIRECTORIES

Vector = tuple[bool, ...]

DIRECTORIES = ("", "/usr/bin/", "./", "a/", "z/", "b/a/")
WORDS = ("", *(first + second for first in "abz" for second in ("", *"abz")), "aba", "a/b")
COMMANDS = [
    *(
        SimpleCommand.of((directory + program, *arguments))
        for directory in DIRECTORIES
        for program in WORDS[1:-1]
        for arguments in ((), ("a",), ("z",))
    ),
    *(SimpleCommand.of((program, word)) for program in ("a", "ab", "./a", "z") for word in WORDS),
    *(SimpleCommand.of(words) for words in product(("a", "./a"), WORDS[:9], WORDS[:9])),
]

WRAPPER_WORDS = ("sudo", "env", "timeout", "rm", "x", "-n", "a=b", "-exec", ";")
WRAPPED = [
    parsed
    for program in ("sudo", "env", "timeout", "find", "rm")
    for count in range(4)
    for arguments in product(WRAPPER_WORDS, repeat=count)
    if not (parsed := parse_command((program, *arguments))).opaque
]

GLOB = st.text("ab*", min_size=1, max_size=4).filter(lambda text: "**" not in text)
PROGRAM = st.one_of(
    GLOB,
    st.builds(
        "{}{}".format,
        st.sampled_from(("./", "a/", "/usr/bin/", "b/a/")),
        st.text("ab", min_size=1, max_size=2),
    ),
)
PATTERN = st.builds(
    lambda program, words, rest: " ".join((program, *words, *(["**"] if rest else []))),
    PROGRAM,
    st.lists(st.one_of(GLOB, st.just("''"), st.just("a/*")), max_size=2),
    st.booleans(),
)
PREDICATE = st.builds(
    lambda texts, describes: predicate(*texts, describes=describes),
    st.lists(PATTERN, max_size=4),
    st.booleans(),
)


def predicate(*texts: str, describes: bool = False) -> CommandPredicate:
    return CommandPredicate(tuple(CommandPattern.parse(text) for text in texts), describes)


def vectors(*predicates: CommandPredicate) -> CommandVectors:
    return command_vectors(predicates, Budget())


def truths(predicates: tuple[CommandPredicate, ...], command: SimpleCommand) -> Vector:
    return tuple(
        any(
            pattern.describes(command) if predicate.describes else pattern.matches(command)
            for pattern in predicate.patterns
        )
        for predicate in predicates
    )


def parsed_truths(predicates: tuple[CommandPredicate, ...], parsed: ParsedCommand) -> Vector:
    [command] = parsed.commands
    return tuple(
        matches_any(parsed, predicate.patterns) is not None
        if predicate.describes
        else any(pattern.matches(command) for pattern in predicate.patterns)
        for predicate in predicates
    )


def check_examples(predicates: tuple[CommandPredicate, ...], found: CommandVectors) -> None:
    for vector, line in found.found.items():
        parsed = parse_command(line)
        assert not parsed.opaque
        assert parsed_truths(predicates, parsed) == vector
    assert not set(found.found) & set(found.unverified)


def check_against_all(predicates: tuple[CommandPredicate, ...], commands: list[SimpleCommand]) -> None:
    found = vectors(*predicates)
    check_examples(predicates, found)
    assert not found.unverified
    assert {truths(predicates, command) for command in commands} <= set(found.found)


@settings(max_examples=300, deadline=None)
@given(st.lists(PREDICATE, min_size=1, max_size=3).map(tuple))
def test_no_command_is_forgotten(predicates: tuple[CommandPredicate, ...]) -> None:
    check_against_all(predicates, COMMANDS)


WRAPPER_PATTERN = st.builds(
    lambda program, words, rest: " ".join((program, *words, *(["**"] if rest else []))),
    st.sampled_from(("sudo", "env", "timeout", "find", "rm", "*", "*m")),
    st.lists(st.sampled_from(("*", "rm", "-n", "-exec", "a=b", "x", "env", "';'", "-*")), max_size=3),
    st.booleans(),
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(WRAPPER_PATTERN, min_size=1, max_size=3), min_size=1, max_size=2),
    st.lists(st.lists(WRAPPER_PATTERN, min_size=1, max_size=3), min_size=1, max_size=2),
)
def test_allowed_wrappers_are_followed_to_what_they_run(allow: list[list[str]], deny: list[list[str]]) -> None:
    predicates = (
        *(predicate(*texts) for texts in allow),
        *(predicate(*texts, describes=True) for texts in deny),
    )
    found = vectors(*predicates)
    check_examples(predicates, found)
    allowing = [pattern for item in predicates if not item.describes for pattern in item.patterns]
    for parsed in WRAPPED:
        if any(pattern.matches(parsed.commands[0]) for pattern in allowing):
            vector = parsed_truths(predicates, parsed)
            assert vector in found.found or vector in found.unverified, parsed


def test_examples_are_plain_command_lines() -> None:
    found = vectors(predicate("git status **"), predicate("git **", "npm run *"))
    assert found.found == {
        (False, False): "other",
        (False, True): "git",
        (True, True): "git status",
    }


def test_nothing_asked_is_one_vector() -> None:
    assert vectors().found == {(): "other"}
    assert vectors(predicate()).found == {(False,): "other"}


def test_a_wider_pattern_leaves_no_command_to_the_narrower_one() -> None:
    found = vectors(predicate("kubectl get * -n *"), predicate("kubectl get * **"))
    assert (True, False) not in found.found
    assert found.found[False, True] == "kubectl get x"


def test_together_patterns_can_cover_what_none_covers_alone() -> None:
    covering = predicate("make *", "make", "make * * **")
    assert set(vectors(predicate("make **"), covering).found) == {(False, False), (True, True)}


def test_quotes_in_patterns_and_in_examples() -> None:
    found = vectors(predicate("git log '*' \\$HOME"), predicate("git log * *"))
    assert found.found[True, True] == "git log '*' '$HOME'"
    assert found.found[False, True] == "git log x x"


def test_an_empty_argument_is_an_argument() -> None:
    found = vectors(predicate("git ''"), predicate("git *"), predicate("git"))
    assert found.found[True, True, False] == "git ''"
    assert found.found[False, False, True] == "git"


def test_a_star_within_a_word() -> None:
    found = vectors(predicate("run a*"), predicate("run *a"), predicate("run a*a"))
    assert found.found[True, True, False] == "run a"
    assert found.found[True, True, True] == "run axa"
    assert (True, False, True) not in found.found


def test_a_word_that_only_a_spelled_one_could_be() -> None:
    assert (True, True, False, False) not in vectors(*map(predicate, ("run a*", "run *a", "run a*a", "run a"))).found


@pytest.mark.parametrize(
    ("line", "vector"),
    [
        ("git", (True, True, False)),
        ("/usr/bin/git", (True, True, False)),
        ("./git", (False, True, True)),
        ("other/git", (False, True, False)),
    ],
)
def test_directories_of_programs(line: str, vector: Vector) -> None:
    predicates = (predicate("git"), predicate("git", describes=True), predicate("./git"))
    [command] = parse_command(line).commands
    assert truths(predicates, command) == vector
    assert set(vectors(*predicates).found) == {
        (False, False, False),
        (True, True, False),
        (False, True, True),
        (False, True, False),
    }


def test_a_deny_pattern_may_match_the_directory() -> None:
    found = vectors(predicate("tool"), predicate("*usr*", describes=True))
    assert parse_command(found.found[True, True]).commands[0].directory.startswith("/usr/")


def test_a_program_spelled_in_every_directory_of_the_system() -> None:
    """No other directory is left in which `git` is the program that the system keeps, but the name itself is."""
    spelled = predicate(*(f"{directory}git" for directory in sorted(SYSTEM_DIRECTORIES)))
    assert set(vectors(predicate("git"), spelled).found) == {(False, False), (True, False), (True, True)}


def test_what_a_shell_is_given_as_text_is_not_confirmed() -> None:
    found = vectors(predicate("bash -c *"), predicate("git **"))
    assert found.unverified == {(True, False): "bash -c x"}


def test_an_example_is_sought_behind_what_hides_programs() -> None:
    found = vectors(predicate("eval **", "bash -c *", "bash *", "python **", "pwsh **"))
    assert found.found[True,] == "bash x"
    assert vectors(predicate("pwsh *")).found[True,] == "pwsh --help"


@pytest.mark.parametrize(
    ("allowed", "line"),
    [
        ("sudo **", "sudo rm"),
        ("env * **", "env rm"),
        ("timeout **", "timeout x rm"),
        ("sudo env **", "sudo env rm"),
        ("find * -exec * \\;", "find x -exec rm ';'"),
        ("su -c *", "su -c rm"),
        ("* rm", "rm rm"),
        ("*o rm", "sudo rm"),
    ],
)
def test_commands_within_allowed_ones_are_denied(allowed: str, line: str) -> None:
    found = vectors(predicate(allowed), predicate("rm **", describes=True))
    assert found.found[True, True] == line
    assert (True, False) in found.found


def test_a_wrapper_within_a_wrapper_is_found_where_it_is_needed() -> None:
    found = vectors(predicate("sudo * rm **"), predicate("sudo", describes=True))
    assert found.found[True, True] == "sudo timeout rm sudo"


def test_words_that_a_shell_would_take_for_more() -> None:
    found = vectors(predicate("if", "=x", "a=b x", "! **", "{ **", "~x"))
    assert [command.program for command in parse_command(found.found[True,]).commands] == ["if"]
    for text in ("=x", "'a=b' x", "!", "{", "~x", "run =x", "run {a,b}", "run ~x", "run [", "run !", "run '\t'"):
        assert (True,) in vectors(predicate(text)).found, text


PATHOLOGICAL = {
    "stars": [f"*{a}*{b}*{c}* *{c}*{b}*" for a, b, c in product("abcdef", repeat=3)],
    "words": [" ".join(("x", *words, "c")) for words in product("ab*", repeat=6)],
    "directories": [f"{a}*{b}*{c} x" for a, b, c in product("abcdef", repeat=3)],
    "wrappers": [" ".join(("sudo", *words)) for words in product(("a*", "*b", "*c*"), repeat=4)],
}


def hard_predicates(texts: list[str]) -> list[CommandPredicate]:
    allowed = predicate(*(f"{text} {number % 7} z" for number, text in enumerate(texts)))
    return [allowed, predicate(*(f"{text} {number}" for number, text in enumerate(texts)), describes=True)]


@pytest.mark.parametrize("texts", PATHOLOGICAL.values(), ids=PATHOLOGICAL)
def test_what_is_too_complex_is_given_up(texts: list[str]) -> None:
    with pytest.raises(TooComplexError):
        command_vectors(hard_predicates(texts), Budget(MOST_STEPS // 5))


def test_the_usual_budget_is_not_endless() -> None:
    with pytest.raises(TooComplexError):
        vectors(*hard_predicates(PATHOLOGICAL["stars"]))


def test_a_small_budget_is_kept() -> None:
    with pytest.raises(TooComplexError):
        command_vectors([predicate("git status **")], Budget(5))


def test_many_patterns_that_lead_to_the_same_are_not_told_apart() -> None:
    words = [f"{a}{b}{c}" for a, b, c in product("abcdef", repeat=3)]
    found = vectors(predicate(*(f"cat *{word}* **" for word in words)), predicate("cat *abc*"))
    assert set(found.found) == {(False, False), (True, False), (True, True)}


def test_the_enumeration_would_notice_a_forgotten_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    real = WordMachine.ahead

    def without_what_stays(
        machine: WordMachine[WordCondition], state: int, budget: Budget
    ) -> tuple[dict[WordCondition, int], int]:
        return real(machine, state, budget)[0], 0

    predicates = (predicate("a **"), predicate("a b"))
    check_against_all(predicates, COMMANDS)
    monkeypatch.setattr(WordMachine, "ahead", without_what_stays)
    with pytest.raises(AssertionError):
        check_against_all(predicates, COMMANDS)


def test_the_enumeration_would_notice_a_forgotten_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    predicates = (predicate("a"), predicate("a", describes=True))
    monkeypatch.setattr(_ProgramGlobs, "_find_directories", lambda globs: {"": globs._machine.start([])})
    with pytest.raises(AssertionError):
        check_against_all(predicates, COMMANDS)
