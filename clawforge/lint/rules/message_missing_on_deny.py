"""Who is refused wants to know why and whom to ask."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import ExecMode, Policy, PolicyMode, PrivateAddresses

_NARROWING = (
    ("tools", "profile"),
    ("tools", "allow"),
    ("tools", "deny"),
    ("exec", "deny"),
    ("paths", "deny"),
    ("paths", "read_only"),
    ("paths", "workspace_only"),
    ("network", "allow"),
    ("network", "deny"),
    ("mcp", "allow"),
    ("mcp", "deny"),
)


def _check(context: LintContext) -> Iterable[Finding]:
    silent = [
        policy
        for policy in context.each(Policy)
        if policy.spec.mode is PolicyMode.GUARDRAIL and _refuses(policy) and not _has_message(policy, context)
    ]
    if not silent or any(_has_message(base, context) for base in context.bases):
        return
    for policy in silent:
        yield Finding(
            "message-missing-on-deny",
            policy.address,
            "/metadata/name",
            "Whoever this guardrail refuses something is not told why, nor whom to ask.",
            "Add a `message`, here or in the base policies.",
            Severity.NOTE,
        )


def _refuses(policy: Policy) -> bool:
    spec = policy.spec
    if spec.exec is not None and spec.exec.mode in (ExecMode.ALLOWLIST, ExecMode.DENY):
        return True
    if spec.network is not None and spec.network.private_addresses is PrivateAddresses.DENY:
        return True
    return any(_narrows(getattr(getattr(spec, section), field, None), field) for section, field in _NARROWING)


def _narrows(value: object, field: str) -> bool:
    """An empty allow list refuses everything, any other empty list nothing."""
    return bool(value) or (field == "allow" and value == ())


def _has_message(policy: Policy, context: LintContext) -> bool:
    return any(layer.spec.message for layer in context.lineage.layers(policy) or (policy,))


RULE = Rule(
    id="message-missing-on-deny",
    name="A refusal should say whom to ask",
    severity=Severity.NOTE,
    what="Guardrails that refuse something, where neither they nor any base policy have a `message`.",
    why="Without a message people see that a policy refused the call, and open a ticket, or look for a way around it.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: control}
spec:
  mode: guardrail
  appliesTo: everyone
  tools: {deny: [gateway]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: control}
spec:
  mode: guardrail
  appliesTo: everyone
  tools: {deny: [gateway]}
  message: Assistants do not change their own gateway. Ask in the channel agent-policy.
""",
    check=_check,
)
