"""Owners of files against git's own reading of patterns: nobody who must agree is missing, whatever line wins."""

from __future__ import annotations

from typing import Any

import pytest
from git_repository import Repository
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from owners_by_git import read_by_git
from server_process import resource

from clawforge.change_control.code_owners import CodeOwners, Forge, OwnedPaths, code_owners
from clawforge.change_control.owner_lines import owner_lines
from clawforge.change_control.owner_pattern import owner_patterns
from clawforge.errors import InputError
from clawforge.load.glob import Glob
from clawforge.load.resource import parse_resource
from clawforge.resource.meta import Resource


def parsed(*values: Any) -> list[Resource]:
    found = [parse_resource(value) for value in values]
    assert all(not isinstance(item, list) for item in found), found
    return [item for item in found if not isinstance(item, list)]


def noted(value: dict[str, Any], **annotations: str) -> dict[str, Any]:
    named = {f"clawforge.io/{key.replace('_', '-')}": text for key, text in annotations.items()}
    return {**value, "metadata": {**value["metadata"], "annotations": named}}


def changes(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return resource("ChangePolicy", "change", approvals=list(rules), **more)


COMPANY = (
    resource("User", "ann", email="ann@acme.example"),
    noted(resource("User", "bob", email="bob@acme.example"), github_user="@bobby"),
    resource("User", "eve", email="eve@acme.example", state="suspended"),
    resource("User", "joe", email="joe@acme.example"),
    noted(resource("Group", "security", members={"users": ["ann"]}), github_team="@acme/security", gitlab_group="@sec"),
    resource("Group", "platform", members={"users": ["bob", "eve"]}),
    resource("RoleBinding", "approvers", role="owner", subjects={"users": ["ann", "bob", "eve"]}),
)


def owners_of(*rules: dict[str, Any], forge: Forge = Forge.GITHUB) -> list[tuple[str, ...]]:
    return [item.owners for item in code_owners(parsed(*COMPANY, changes(*rules)), forge).owned]


def test_owners_are_teams_where_groups_have_them_else_whoever_could_agree() -> None:
    match = {"paths": ["policies/**"]}
    assert owners_of(
        {"match": match},
        {"match": match, "from": {"groups": ["security"]}},
        {"match": match, "from": {"groups": ["platform", "security"]}},
        {"match": match, "from": {"groups": ["security"], "roles": ["owner"]}},
    ) == [
        ("@bobby", "ann@acme.example"),
        ("@acme/security",),
        ("@acme/security", "@bobby"),
        ("ann@acme.example",),
    ]
    assert owners_of({"from": {"groups": ["security"]}}, forge=Forge.GITLAB) == [("@sec",)]
    everybody = parsed(*COMPANY, noted(changes({"match": match}), github_team="@acme/a, @acme/b"))
    assert code_owners(everybody, Forge.GITHUB).owned[0].owners == ("@acme/a", "@acme/b")


@pytest.mark.parametrize("bad", ["security", "@acme/a#b", "@ acme", "@a\u2028/x", "a@b c"])
def test_an_annotation_that_names_nobody_is_refused(bad: str) -> None:
    group = noted(resource("Group", "security", members={"users": ["ann"]}), github_team=bad)
    with pytest.raises(InputError, match=r"Group/security: .* is no owner of files"):
        code_owners(parsed(*COMPANY[:-3], group, changes({"from": {"groups": ["security"]}})), Forge.GITHUB)


def test_what_paths_cannot_say_is_said_in_a_comment() -> None:
    found = code_owners(
        parsed(
            *COMPANY,
            changes(
                {"match": {"kinds": ["Invariant"], "effect": "loosen"}},
                {"match": {"paths": ["dlp/**"], "effect": "loosen"}, "count": 2},
                {"match": {"paths": ["x/**"]}, "from": {"roles": ["nobody-has-it"]}},
            ),
            resource("Role", "nobody-has-it", permissions=["plans:approve"]),
        ),
        Forge.GITHUB,
    )
    unsaid = "# Not said here: ChangePolicy/change rule"
    assert owner_lines(found, Forge.GITHUB, "", ()) == (
        "/dlp/ @bobby ann@acme.example",
        f"{unsaid} 1: it goes by kinds and effect loosen, which owners of files cannot say; the control plane asks all "
        "the same.",
        f"{unsaid} 2: it goes by effect loosen as well; its owners are asked about every change of these files.",
        f"{unsaid} 3: the files name nobody who could agree, so nobody is an owner.",
        f"{unsaid} 2: it asks for 2, which owners cannot say.",
    )


def test_on_gitlab_every_rule_is_a_section_of_its_own_with_its_count() -> None:
    owned = (
        OwnedPaths("ChangePolicy/change rule 1", ("**",), ("@all",), 1),
        OwnedPaths("ChangePolicy/change rule 2", ("policies/guard rails/*", "dlp/a.yaml"), ("@a", "@b"), 2),
    )
    assert owner_lines(CodeOwners(owned, ()), Forge.GITLAB, "fleet/", ()) == (
        "[ChangePolicy/change rule 1][1]",
        "/fleet/ @all",
        "[ChangePolicy/change rule 2][2]",
        "/fleet/policies/guard\\ rails/ @a @b",
        "/fleet/dlp/a.yaml @a @b",
    )


@pytest.mark.parametrize(
    ("glob", "patterns"),
    [
        ("**", ("/p/",)),
        ("*", ("/p/",)),
        ("policies/**", ("/p/policies/",)),
        ("policies/*/**", ("/p/policies/",)),
        ("policies/*/*", ("/p/policies/*/",)),
        ("**/dlp/*.yaml", ("/p/**/dlp/*.yaml",)),
        ("team-*", ("/p/team-*", "/p/team-*/")),
        ("a#b/[xy]?.yml", ("/p/a?b/??.yml",)),
        ("a\nb.yaml", ("/p/a?b.yaml",)),
    ],
)
def test_a_glob_as_patterns(glob: str, patterns: tuple[str, ...]) -> None:
    assert owner_patterns(glob, "p/") == patterns
    assert owner_patterns("**", "") == ("*",)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.at(tmp_path_factory.mktemp("reader"))


def test_where_neither_of_two_globs_holds_the_other_a_file_of_both_has_a_line_of_its_own(reader: Repository) -> None:
    owned = (
        OwnedPaths("one", ("policies/*.yaml",), ("@a",), 1),
        OwnedPaths("two", ("**/guard.yaml",), ("@b",), 1),
    )
    files = ("policies/guard.yaml", "policies/other.yaml", "dlp/guard.yaml")
    lines = owner_lines(CodeOwners(owned, ()), Forge.GITHUB, "", files)
    assert lines == ("/**/guard.yaml @b", "/policies/*.yaml @a", "/policies/guard.yaml @a @b")
    assert read_by_git(reader, lines, files)["policies/guard.yaml"] == ("@a", "@b")
    assert read_by_git(reader, lines[:2], files)["policies/guard.yaml"] == ("@a",)


NAMES = st.sampled_from(["a", "b", "guard", "guard-x", "team a"])
FILES = st.sampled_from(["x.yaml", "y.yaml", "z.yml", "guard.yaml"])
GLOB_NAMES = st.sampled_from(
    ["a", "b", "guard*", "team a", "*", "**", "x.yaml", "*.yaml", "?.yaml", "[xy].yaml", "*-x"]
)
PATHS = st.tuples(st.lists(NAMES, max_size=3), FILES).map(lambda path: "/".join([*path[0], path[1]]))
GLOBS = st.lists(GLOB_NAMES, min_size=1, max_size=3).map("/".join)
RULES = st.lists(st.tuples(st.lists(GLOBS, min_size=1, max_size=2), st.sampled_from("ABCD")), min_size=1, max_size=4)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=RULES, files=st.lists(PATHS, min_size=1, max_size=6, unique=True), prefix=st.sampled_from(["", "my org/"]))
def test_of_every_file_the_owners_are_those_of_all_rules_that_mean_it(
    reader: Repository, rules: list[tuple[list[str], str]], files: list[str], prefix: str
) -> None:
    owned = tuple(OwnedPaths(f"rule {n}", tuple(globs), (f"@{who}",), 1) for n, (globs, who) in enumerate(rules))
    lines = owner_lines(CodeOwners(owned, ()), Forge.GITHUB, prefix, files)
    found = read_by_git(reader, lines, [prefix + file for file in files])
    for file in files:
        wanted = {f"@{who}" for globs, who in rules if any(Glob.compile(glob).takes(file) for glob in globs)}
        assert wanted <= set(found[prefix + file]), (file, lines)
        if not any("[" in glob or "?" in glob for globs, _ in rules for glob in globs):
            assert wanted == set(found[prefix + file]), (file, lines)
