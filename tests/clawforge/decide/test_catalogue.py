"""What hosts call their tools."""

from __future__ import annotations

import pytest

from clawforge.decide.catalogue import catalogue, folded, hosts
from clawforge.decide.facets import UNKNOWN_TOOL
from clawforge.decide.names import PLUGINS
from clawforge.errors import InputError
from clawforge.resource.policy import Profile
from clawforge.version_range import parse_range

OPENCLAW = catalogue()


@pytest.mark.parametrize("host", hosts())
def test_every_catalogue_holds_together(host: str) -> None:
    names = catalogue(host)
    assert names.host == host
    parse_range(names.versions)
    assert set(names.aliases.values()) <= names.tools
    assert not set(names.aliases) & names.tools
    for group, members in names.groups.items():
        assert group.startswith("group:")
        assert set(members) <= names.tools | {PLUGINS}
        assert list(members) == sorted(set(members))
    for profile in Profile:
        assert set(names.profile(profile) or ()) <= names.tools
    assert len({folded(tool) for tool in names.tools}) == len(names.tools)


def test_the_groups_are_the_hosts() -> None:
    assert OPENCLAW.groups["group:fs"] == ("apply_patch", "edit", "ls", "read", "write")
    assert OPENCLAW.groups["group:runtime"] == ("code_execution", "exec", "process", "secrets")
    assert set(OPENCLAW.groups["group:openclaw"]) == OPENCLAW.tools
    assert len(OPENCLAW.groups) == 13


def test_expansion() -> None:
    assert OPENCLAW.expand("group:web") == ("web_fetch", "web_search", "x_search")
    assert OPENCLAW.expand("group:plugins") == (PLUGINS,)
    assert OPENCLAW.expand("group:nothing") == ()
    assert OPENCLAW.expand("cron") == ("automations",)
    assert OPENCLAW.expand("sessions_*") == ("sessions_*",)
    assert OPENCLAW.expand("*") == ("*",)
    assert OPENCLAW.expand("mcp__jira__*") == ("mcp__jira__*",)
    assert OPENCLAW.expand("jira__*") == ("mcp__jira__*",)


def test_profiles() -> None:
    assert OPENCLAW.profile("minimal") == ("session_status",)
    assert OPENCLAW.profile("full") is None
    coding = set(OPENCLAW.profile("coding") or ())
    assert {"exec", "read", "memory_get", "sessions_spawn"} <= coding
    assert not coding & {"secrets", "message", "browser", "web_fetch"}
    with pytest.raises(InputError, match="no profile"):
        OPENCLAW.profile("lavish")


def test_canonical_names() -> None:
    assert OPENCLAW.canonical_name("bash") == "exec"
    assert OPENCLAW.canonical_name("Bash") == "Bash"
    assert OPENCLAW.canonical_name("jira__search") == "mcp__jira__search"
    assert OPENCLAW.canonical_name("mcp__jira__search") == "mcp__jira__search"
    assert OPENCLAW.canonical_name("__x") == "__x"
    claude = catalogue("claude-code")
    assert claude.canonical_name("Bash") == "exec"
    assert claude.canonical_name("mcp__jira__search") == "mcp__jira__search"


@pytest.mark.parametrize("name", ["EXEC", " exec", "ex\u200bec", "\uff45\uff58\uff45\uff43", "Bash", "exec\t"])
def test_lookalikes(name: str) -> None:
    assert OPENCLAW.lookalike(name) == "exec"


def test_what_only_resembles_is_no_lookalike() -> None:
    assert OPENCLAW.lookalike("exec2") is None
    assert OPENCLAW.lookalike("execute") is None


def test_facets() -> None:
    assert OPENCLAW.facets("exec").command
    assert OPENCLAW.facets("EXEC").command
    assert OPENCLAW.facets("x_search").paths is None
    assert OPENCLAW.facets("of_tomorrow") is UNKNOWN_TOOL
    assert catalogue("claude-code").facets("Grep").recursive
    assert not catalogue("claude-code").facets("Read").recursive


def test_a_host_that_we_know_nothing_about() -> None:
    with pytest.raises(InputError, match="no tool catalogue"):
        catalogue("../openclaw")


def test_any_version_gets_the_catalogue() -> None:
    assert catalogue("openclaw", "1999.1.1") is OPENCLAW
