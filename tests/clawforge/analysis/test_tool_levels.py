"""The levels of the host's tools are worked out once for all lists that say the same about them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.analysis.sections.tools import ToolRules
from clawforge.decide.names import PLUGINS
from clawforge.effective import EffectiveMcp, EffectiveTools

PATTERNS = st.sampled_from(
    "exec EXEC exe* EX* bash web_fetch web_* tool_1 tool_2 other other-tool OTHER-TOOL * mcp__other__other mcp__fs__* "
    f"mcp__* group:unknown {PLUGINS} {PLUGINS}&tool_* \u0415xec".split()
)
LISTS = st.lists(PATTERNS, max_size=3, unique=True).map(tuple)
TOOLS = st.builds(EffectiveTools, allow=st.none() | LISTS, deny=LISTS, ask=LISTS)
MCP = st.builds(EffectiveMcp, allow=st.none() | LISTS, deny=LISTS)


@given(TOOLS, MCP)
@settings(max_examples=150, deadline=None)
def test_every_level_is_that_of_the_whole_lists(tools: EffectiveTools, mcp: EffectiveMcp) -> None:
    rules = ToolRules(tools, mcp)
    for kind in rules.kinds.values():
        assert rules.level(kind) is rules._judged(kind.tool), kind.name
