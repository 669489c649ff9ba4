"""One way to break the example company for each lint rule, and the one place at which lint must then point."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Edit:
    """`old`, which the file has exactly once, becomes `new`; without `old`, `new` is put at the end of the file, which
    begins to exist. Without either the file goes.
    """

    file: str
    old: str = ""
    new: str = ""

    def apply(self, root: Path) -> None:
        """Change the copy of the example in `root`."""
        path = root / self.file
        if not self.old and not self.new:
            path.unlink()
            return
        text = path.read_text() if path.exists() else ""
        assert not self.old or text.count(self.old) == 1, (self.file, self.old, text.count(self.old))
        path.write_text(text.replace(self.old, self.new) if self.old else text + self.new)


@dataclass(frozen=True)
class Break:
    """Edits that make one finding of `rule` at `place` (file:line:column), where the text goes on with `at`. `notes`
    are further new findings that cannot be avoided. `instances` are those that the server knows, if it must be asked.
    `prove`: only `lint --prove` finds it.
    """

    rule: str
    place: str
    at: str
    edits: tuple[Edit, ...]
    notes: tuple[str, ...] = ()
    instances: tuple[str, ...] | None = None
    prove: bool = False


def _break(
    rule: str,
    place: str,
    at: str,
    *edits: Edit,
    notes: tuple[str, ...] = (),
    instances: tuple[str, ...] | None = None,
    prove: bool = False,
) -> Break:
    return Break(rule, place, at, edits, notes, instances, prove)


RINGS = "  rollout:\n    rings:\n      - {name: early, appliesTo: everyone, bake: 1h}\n"

AFTER_HOURS = "policies/after-hours.yaml"
BINDINGS = "access/bindings.yaml"
BUILD = "policies/build-servers.yaml"
CHANGES = "access/change-policy.yaml"
CONTRACTORS = "policies/contractors.yaml"
CONTROL = "policies/guardrail-control.yaml"
CUSTOMERS = "dlp/customer-data.yaml"
DEFAULT = "policies/default.yaml"
ELEVATIONS = "access/elevation-policies.yaml"
ENGINEERING = "policies/engineering.yaml"
ENROLLMENTS = "access/enrollments.yaml"
FINANCE = "policies/finance.yaml"
GUARD = "policies/guardrail-secrets.yaml"
ORGANIZATION = "organization.yaml"
PERSONAL = "policies/personal-context.yaml"
ROLES = "access/roles.yaml"
ROBOTS = "access/service-accounts.yaml"
SECRETS = "dlp/secrets.yaml"
SKILLS = "skills/reviewed.yaml"
SRE = "policies/sre.yaml"
STAFF = "groups/staff.yaml"
SUPPORT = "policies/support.yaml"
TARGETS = "versions/targets.yaml"
TRIAL = "policies/trial-egress.yaml"

_HOSTS = 'allow: ["*.acme.example", developer.mozilla.org, docs.python.org]\n'
_CI_PLAN = "  permissions: [plans:create, plans:read, state:read]\n"
_EXPIRES = "  expires: 2027-06-30T00:00:00Z\n"
_NETWORKS = "  networks: [203.0.113.16/28]\n"
_FEDERATION = """\
    subject: repo:acme/security-policies:pull_request
    audience: clawforge.acme.example
    claims:
      # Names can be taken over after a rename; the numeric id cannot.
      repository_id: "712390045"
---
"""
_DEFAULT_WORDS = """\
  message: Acme's policy for assistants refused this call. Ask in the channel agent-policy, or open a pull request.
"""
_CONTRACTOR_WORDS = "  message: This machine works under Acme's rules for contractors. Ask your contact at Acme.\n"
_TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsT2Q67Zp"


def _document(kind: str, name: str, spec: str) -> str:
    return f"---\napiVersion: clawforge/v1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n{spec}"


BREAKS: tuple[Break, ...] = (
    _break(
        "allow-deny-contradiction",
        "policies/contractors.yaml:22:54",
        "docs.python.org",
        Edit(CONTRACTORS, _HOSTS, _HOSTS + "    deny: [docs.python.org]\n"),
    ),
    _break(
        "ask-and-deny",
        "policies/personal-context.yaml:15:11",
        "exec",
        Edit(PERSONAL, "  tools:\n", "  tools:\n    ask: [exec]\n"),
    ),
    _break(
        "audit-off",
        "organization.yaml:25:5",
        "level: off",
        Edit(ORGANIZATION, "level: metadata", "level: off"),
        Edit(CONTROL, "  audit:\n    level: metadata # nobody turns reporting off\n", ""),
    ),
    _break("base-tie", "policies/finance.yaml:9:3", "appliesTo:", Edit(STAFF, "[luis, priya]", "[dana, luis, priya]")),
    _break(
        "binding-to-suspended-user", "access/bindings.yaml:29:19", "viktor", Edit(BINDINGS, "[omar]", "[omar, viktor]")
    ),
    _break(
        "built-in-role",
        "access/roles.yaml:18:3",
        "name: auditor",
        Edit(ROLES, new=_document("Role", "auditor", "  permissions: [audit:read]\n")),
    ),
    _break(
        "change-policy-approvers-missing",
        "access/change-policy.yaml:9:7",
        "match:",
        Edit(CHANGES, "count: 2", "count: 4"),
    ),
    _break(
        "change-policy-locks-out",
        "access/change-policy.yaml:8:3",
        "signedCommits:",
        Edit(CHANGES, "  approvals:\n", "  signedCommits: true\n  approvals:\n"),
    ),
    _break(
        "change-policy-matches-nothing",
        "access/change-policy.yaml:10:21",
        "Invariant/*",
        Edit(CHANGES, "        effect: loosen\n", "        effect: loosen\n        kinds: [Policy]\n"),
    ),
    _break(
        "confusable-name",
        "people/engineering.yaml:8:3",
        "displayName: D\u0430na",
        Edit("people/engineering.yaml", "Dana Okafor", "D\u0430na Okafor"),
    ),
    _break(
        "deprecated-tool-name",
        "policies/guardrail-control.yaml:13:11",
        "cron, sessions_spawn",
        Edit(CONTROL, "[automations, ", "[cron, "),
    ),
    _break(
        "dlp-duplicate-rule",
        "dlp/secrets.yaml:25:7",
        "id: github-again",
        Edit(SECRETS, new="    - id: github-again\n      detector: github-pat\n      action: redact\n"),
    ),
    _break(
        "dlp-log-only-critical",
        "dlp/secrets.yaml:17:7",
        "action: log",
        Edit(SECRETS, "detector: aws-access-key\n      action: block", "detector: aws-access-key\n      action: log"),
    ),
    _break(
        "dlp-output-not-enforced",
        "dlp/customer-data.yaml:25:7",
        "directions: [outbound, output",
        Edit(CUSTOMERS, "keywords: [AC-]\n", "keywords: [AC-]\n      directions: [outbound, output]\n"),
    ),
    _break(
        "dlp-pattern-too-broad",
        "dlp/customer-data.yaml:23:7",
        "pattern: '[0-9]{4,}'",
        Edit(CUSTOMERS, "\\bAC-[0-9]{6}-[0-9]\\b\n      keywords: [AC-]\n", "'[0-9]{4,}'\n"),
    ),
    _break(
        "dlp-rule-observed",
        "dlp/secrets.yaml:9:3",
        "enforcement: observe",
        Edit(SECRETS, "  rules:\n", "  enforcement: observe\n  rules:\n"),
    ),
    _break(
        "duplicate-email",
        "people/business.yaml:6:3",
        "email: luis.ferreira@acme.example",
        Edit("people/business.yaml", "priya.raman@", "luis.ferreira@"),
    ),
    _break(
        "duplicate-resource",
        "groups/staff.yaml:59:9",
        "security",
        Edit(STAFF, new=_document("Group", "security", "  description: Again.\n")),
    ),
    _break(
        "elevation-approvers-missing",
        "access/elevation-policies.yaml:17:7",
        "approvals:",
        Edit(ELEVATIONS, "      approvals:\n", "      approvals:\n        count: 3\n"),
    ),
    _break(
        "elevation-never-lifted",
        "access/elevation-policies.yaml:15:15",
        "exec",
        Edit(ELEVATIONS, "neverElevate: [", "neverElevate: [exec, "),
    ),
    _break(
        "elevation-stopped-by-guardrail",
        "access/elevation-policies.yaml:15:21",
        "gateway",
        Edit(ELEVATIONS, "tools: [exec, process]", "tools: [exec, gateway]"),
    ),
    _break(
        "elevation-without-approval",
        "access/elevation-policies.yaml:18:9",
        "count: 0",
        Edit(ELEVATIONS, "      approvals:\n", "      approvals:\n        count: 0\n"),
    ),
    _break(
        "email-domain-mixed",
        "people/business.yaml:14:3",
        "email: luis.ferreira@acmee.example",
        Edit("people/business.yaml", "ferreira@acme.", "ferreira@acmee."),
    ),
    _break(
        "empty-group",
        "groups/staff.yaml:59:3",
        "name: interns",
        Edit(STAFF, new=_document("Group", "interns", "  description: Next summer.\n")),
    ),
    _break("enrollment-for-nobody", "access/enrollments.yaml:22:3", "users:", Edit(ENROLLMENTS, "[tomas]", "[viktor]")),
    _break(
        "enrollment-group-with-rights",
        "access/enrollments.yaml:25:12",
        "engineering",
        Edit(ENROLLMENTS, "  ttl: 14d", "  groups: [engineering]\n  ttl: 14d"),
    ),
    _break(
        "enrollment-life-too-long", "access/enrollments.yaml:25:3", "ttl:", Edit(ENROLLMENTS, "ttl: 14d", "ttl: 31d")
    ),
    _break(
        "enrollment-open-to-many",
        "access/enrollments.yaml:26:3",
        "maxUses:",
        Edit(ENROLLMENTS, "  requireApproval: true\n", ""),
    ),
    _break(
        "exec-allow-any-program",
        "policies/engineering.yaml:52:9",
        "python3 **",
        Edit(ENGINEERING, "- make check", "- python3 **"),
    ),
    _break(
        "exec-allow-in-deny-mode",
        "policies/finance.yaml:27:5",
        "allow: [git status",
        Edit(FINANCE, "  paths:\n", "  exec:\n    allow: [git status]\n  paths:\n"),
    ),
    _break(
        "exec-allow-without-mode",
        "policies/build-servers.yaml:16:5",
        "allow:",
        Edit(BUILD, "    mode: allowlist\n", ""),
        Edit(AFTER_HOURS, "  exec:\n    mode: ask\n", ""),
    ),
    _break(
        "exec-deny-best-effort",
        "policies/sre.yaml:18:5",
        "deny: [kubectl delete **",
        Edit(SRE, "    mode: full\n", "    mode: full\n    deny: [kubectl delete **]\n"),
    ),
    _break(
        "exec-full-without-reason",
        "policies/sre.yaml:16:5",
        "mode: full",
        Edit(SRE, "    accepted-risk: RISK-118, reviewed every quarter\n", ""),
    ),
    _break(
        "extends-cycle",
        "policies/default.yaml:11:13",
        "Policy/support",
        Edit(DEFAULT, "  appliesTo: everyone\n", "  appliesTo: everyone\n  extends: [Policy/support]\n"),
        notes=("invariant-violated invariants/engineers.yaml:13:3", "invariant-violated invariants/keys.yaml:11:3"),
    ),
    _break(
        "federated-trust-too-wide",
        "access/service-accounts.yaml:12:3",
        "federated:",
        Edit(ROBOTS, _FEDERATION, _FEDERATION.partition("    claims:")[0] + "---\n"),
    ),
    _break(
        "federation-without-subject-or-claims",
        "access/service-accounts.yaml:12:3",
        "federated:",
        Edit(ROBOTS, _FEDERATION, "    audience: clawforge.acme.example\n---\n"),
    ),
    _break(
        "guardrail-bypassed-by-mode",
        "policies/guardrail-control.yaml:22:5",
        "allow: [make check",
        Edit(CONTROL, "  paths:\n", "    allow: [make check]\n  paths:\n"),
    ),
    _break(
        "guardrail-observed",
        "policies/guardrail-control.yaml:11:3",
        "enforcement: observe",
        Edit(CONTROL, "guardrail\n  tools", "guardrail\n  enforcement: observe\n  tools"),
    ),
    _break(
        "guardrail-without-effect",
        "policies/support.yaml:23:3",
        "mode: guardrail",
        Edit(SUPPORT, new=_document("Policy", "hollow", "  appliesTo: everyone\n  mode: guardrail\n  tools: {}\n")),
    ),
    _break("home-secrets-readable", "policies/sre.yaml:7:3", "name: sre", Edit(GUARD, "      - ~/.aws/**\n", "")),
    _break(
        "idle-entry",
        "policies/personal-context.yaml:15:34",
        "gateway",
        Edit(PERSONAL, "exec, github_publish", "exec, gateway, github_publish"),
        prove=True,
    ),
    _break(
        "idle-policy",
        "policies/support.yaml:20:3",
        "name: no-canvas",
        Edit(
            SUPPORT,
            new=_document(
                "Policy", "no-canvas", "  appliesTo: everyone\n  mode: overlay\n  tools:\n    deny: [canvas]\n"
            ),
        ),
    ),
    _break(
        "implied-guardrail",
        "policies/support.yaml:20:3",
        "name: no-secrets",
        Edit(
            SUPPORT,
            new=_document(
                "Policy",
                "no-secrets",
                "  appliesTo:\n    groups: [sre]\n  mode: guardrail\n  tools:\n    deny: [secrets]\n",
            ),
        ),
    ),
    _break(
        "invariant-violated",
        "policies/contractors.yaml:43:3",
        "forbid:",
        Edit(
            CONTRACTORS,
            new=_document(
                "Invariant",
                "no-shell-for-contractors",
                "  appliesTo:\n    groups: [contractors]\n  forbid:\n    tools: [exec]\n",
            ),
        ),
    ),
    _break(
        "invisible-characters-in-text",
        "policies/default.yaml:47:3",
        "message:",
        Edit(DEFAULT, _DEFAULT_WORDS, '  message: "Ask in\\u200b the channel agent-policy."\n'),
    ),
    _break(
        "last-owner-removed",
        "access/bindings.yaml:7:3",
        "subjects:",
        Edit(STAFF, "[ingrid]", "[viktor]"),
        notes=("change-policy-approvers-missing access/change-policy.yaml:9:7",),
    ),
    _break("lease-too-long", "organization.yaml:29:5", "lease: 2h", Edit(ORGANIZATION, "lease: 5m", "lease: 2h")),
    _break("lease-too-short", "policies/build-servers.yaml:35:5", "lease: 5s", Edit(BUILD, "lease: 2m", "lease: 5s")),
    _break(
        "message-missing-on-deny",
        "policies/guardrail-control.yaml:5:3",
        "name: guardrail-control",
        Edit(DEFAULT, _DEFAULT_WORDS, ""),
        Edit(CONTRACTORS, _CONTRACTOR_WORDS, ""),
        Edit(GUARD, new="  message: Ask security@acme.example.\n"),
    ),
    _break(
        "metadata-convention",
        "policies/sre.yaml:10:5",
        "accepted-risk: RISK-118",
        Edit("clawforge.yaml", new="lint: {conventions: {annotations: {accepted-risk: {pattern: 'RISK-[0-9]+'}}}}\n"),
    ),
    _break(
        "network-deny-under-allow",
        "policies/contractors.yaml:23:12",
        "acme.example",
        Edit(CONTRACTORS, _HOSTS, _HOSTS + "    deny: [acme.example]\n"),
    ),
    _break(
        "newcomer-without-base",
        "groups/staff.yaml:59:3",
        "name: interns",
        Edit(DEFAULT, "appliesTo: everyone", "appliesTo:\n    users: [ingrid, omar]"),
        Edit(STAFF, new=_document("Group", "interns", "  members:\n    claims: [acme-interns]\n")),
    ),
    _break(
        "no-base",
        "people/security.yaml:10:1",
        "apiVersion: clawforge/v1",
        Edit(DEFAULT, "appliesTo: everyone", "appliesTo:\n    users: [ingrid]"),
    ),
    _break(
        "observe-without-end",
        "policies/trial-egress.yaml:13:3",
        "enforcement: observe",
        Edit(TRIAL, "    decide-by: 2027-01-15\n", ""),
    ),
    _break(
        "offline-stale-shorter-than-lease",
        "organization.yaml:30:5",
        "maxStale: 2m",
        Edit(ORGANIZATION, "maxStale: 12h", "maxStale: 2m"),
    ),
    _break(
        "org-mismatch",
        "organization.yaml:4:3",
        "name: acme-labs",
        Edit(ORGANIZATION, "name: acme\n", "name: acme-labs\n"),
    ),
    _break("organization-missing", "policies/personal-context.yaml:12:5", "contexts: [personal", Edit(ORGANIZATION)),
    _break(
        "overlay-widens-nothing",
        "policies/after-hours.yaml:31:5",
        "requireApproval: false",
        Edit(AFTER_HOURS, new="  skills:\n    requireApproval: false\n"),
    ),
    _break(
        "path-glob-taken-literally",
        "policies/guardrail-secrets.yaml:25:9",
        '"**/*.{key,pem}"',
        Edit(GUARD, "**/*.pem", "**/*.{key,pem}"),
    ),
    _break(
        "policy-without-test",
        "policies/support.yaml:20:3",
        "name: audit",
        Edit(
            SUPPORT, new=_document("Policy", "audit", "  appliesTo:\n    users: [omar]\n  extends: [Policy/default]\n")
        ),
    ),
    _break(
        "priority-without-effect",
        "policies/guardrail-control.yaml:11:3",
        "priority: 900",
        Edit(CONTROL, "guardrail\n  tools", "guardrail\n  priority: 900\n  tools"),
    ),
    _break(
        "private-addresses-open",
        "policies/default.yaml:6:3",
        "name: default",
        Edit(GUARD, "    privateAddresses: deny\n", ""),
    ),
    _break(
        "profile-and-allow-disjoint",
        "policies/build-servers.yaml:15:5",
        "allow: [exec, ls, read",
        Edit(BUILD, "  tools:\n", "  tools:\n    profile: messaging\n"),
    ),
    _break(
        "read-left-open",
        "policies/sre.yaml:17:12",
        "read",
        Edit(SRE, "  exec:\n", "  tools:\n    deny: [read]\n  exec:\n"),
        notes=("invariant-violated invariants/engineers.yaml:13:3",),
    ),
    _break(
        "redundant-pattern",
        "policies/engineering.yaml:49:9",
        "git status -s",
        Edit(ENGINEERING, "- git show\n", "- git show\n      - git status -s\n"),
    ),
    _break(
        "ring-without-machines",
        "access/change-policy.yaml:21:9",
        "name: late",
        Edit(CHANGES, new=RINGS + "      - name: late\n        appliesTo: {tags: {ring: [late]}}\n        bake: 1h\n"),
    ),
    _break("role-widens-itself", "access/roles.yaml:14:7", "plans:*", Edit(ROLES, new="    - plans:*\n")),
    _break(
        "schedule-always",
        "policies/after-hours.yaml:16:5",
        "windows:",
        Edit(AFTER_HOURS, "0 18 * * 1-5\n        duration: 14h", "0 18 * * *\n        duration: 25h"),
    ),
    _break(
        "schedule-dst-jump",
        "policies/after-hours.yaml:22:9",
        "cron: 30 2 * * 0",
        Edit(AFTER_HOURS, "0 8 * * 6", "30 2 * * 0"),
    ),
    _break(
        "schedule-never",
        "policies/trial-egress.yaml:14:5",
        "windows:",
        Edit(
            TRIAL,
            "  mode: overlay\n",
            "  schedule:\n    windows:\n      - until: 2020-01-03T00:00:00Z\n  mode: overlay\n",
        ),
    ),
    _break(
        "schedule-on-base",
        "policies/support.yaml:10:3",
        "schedule:",
        Edit(DEFAULT, "appliesTo: everyone", "appliesTo:\n    users: [ingrid, omar]"),
        Edit(
            SUPPORT,
            "  extends:",
            "  schedule:\n    windows:\n      - cron: 0 8 * * 1-5\n        duration: 10h\n  extends:",
        ),
        notes=("newcomer-without-base groups/derived.yaml:6:3",),
    ),
    _break(
        "secret-in-yaml",
        "people/external.yaml:6:5",
        "company: ghp",
        Edit("people/external.yaml", "Northlight Consulting", _TOKEN),
    ),
    _break(
        "selector-matches-nobody",
        "policies/trial-egress.yaml:13:5",
        "roles: [owner",
        Edit(TRIAL, "[engineering]\n", "[engineering]\n    roles: [owner]\n"),
    ),
    _break(
        "service-account-expired",
        "access/service-accounts.yaml:10:3",
        "expires: 2026-06-30T00:00:00Z",
        Edit(ROBOTS, _CI_PLAN + _EXPIRES, _CI_PLAN + _EXPIRES.replace("7", "6")),
    ),
    _break(
        "service-account-wildcard-permission",
        "access/service-accounts.yaml:9:29",
        "plans:*",
        Edit(ROBOTS, _CI_PLAN, "  permissions: [state:read, plans:*]\n"),
    ),
    _break(
        "service-account-without-expiry",
        "access/service-accounts.yaml:6:3",
        "name: ci-plan",
        Edit(ROBOTS, _CI_PLAN + _EXPIRES, _CI_PLAN),
    ),
    _break(
        "service-account-without-networks",
        "access/service-accounts.yaml:11:31",
        "0.0.0.0/0",
        Edit(ROBOTS, _CI_PLAN + _EXPIRES + _NETWORKS, _CI_PLAN + _EXPIRES + _NETWORKS.replace("]", ", 0.0.0.0/0]")),
    ),
    _break(
        "several-organizations",
        "organization.yaml:41:1",
        "apiVersion:",
        Edit(ORGANIZATION, new=_document("Organization", "acme-labs", "  displayName: Labs\n")),
        notes=("org-mismatch organization.yaml:44:3",),
    ),
    _break(
        "several-rollouts",
        "access/change-policy.yaml:27:3",
        "rollout:",
        Edit(CHANGES, new=RINGS + _document("ChangePolicy", "with-care", RINGS)),
    ),
    _break(
        "skill-approved-and-revoked",
        "skills/reviewed.yaml:59:3",
        "status: approved",
        Edit(
            SKILLS,
            new=_document(
                "SkillApproval",
                "pdf-forms-again",
                "  appliesTo: everyone\n  key: pdf-forms\n  source: clawhub:pdf-forms\n  version: 0.9.3\n"
                f"  digest: sha256:{'ab' * 32}\n  status: approved\n  reviewedBy: ingrid\n",
            ),
        ),
    ),
    _break(
        "skill-approved-without-digest",
        "skills/reviewed.yaml:28:3",
        "status: approved",
        Edit(SKILLS, "  digest: sha256:a8e4282b6af85ab97267a49aeb9d475c0884b268c21e178e1947553e11fa3f12\n", ""),
    ),
    _break(
        "skill-approved-without-reviewer",
        "skills/reviewed.yaml:29:3",
        "status: approved",
        Edit(SKILLS, "  reviewedBy: ingrid\n  reviewBy: 2027-03-31\n", "  reviewBy: 2027-03-31\n"),
    ),
    _break(
        "skill-requirement-unset",
        "skills/reviewed.yaml:29:3",
        "status: approved",
        Edit(DEFAULT, "    requireApproval: true\n", ""),
        Edit(BUILD, "  skills:\n    requireApproval: true\n", ""),
        Edit(CONTRACTORS, "    requireApproval: true\n", ""),
    ),
    _break(
        "skill-review-overdue",
        "skills/reviewed.yaml:31:3",
        "reviewBy: 2026-03-31",
        Edit(SKILLS, "reviewBy: 2027-03-31", "reviewBy: 2026-03-31"),
    ),
    _break(
        "unbounded-allow", "policies/support.yaml:12:13", '"*"', Edit(SUPPORT, "[acme-docs, jira, zendesk]", '["*"]')
    ),
    _break(
        "unknown-detector",
        "dlp/secrets.yaml:21:7",
        "detector: github-pet",
        Edit(SECRETS, "github-pat", "github-pet"),
        notes=("invariant-violated invariants/engineers.yaml:13:3",),
    ),
    _break(
        "unknown-group",
        "policies/guardrail-control.yaml:16:9",
        "group:node",
        Edit(CONTROL, "group:nodes", "group:node"),
        notes=("invariant-violated invariants/engineers.yaml:13:3",),
    ),
    _break(
        "unknown-instance",
        "policies/support.yaml:10:26",
        "biuld-7",
        Edit(SUPPORT, "[support]\n", "[support]\n    except: {instances: [biuld-7]}\n"),
        instances=("build-7",),
    ),
    _break(
        "unknown-permission",
        "access/roles.yaml:12:7",
        "instance:read",
        Edit(ROLES, "- instances:read", "- instance:read"),
    ),
    _break(
        "unknown-tool",
        "policies/guardrail-control.yaml:13:24",
        "sesions_spawn",
        Edit(CONTROL, "sessions_spawn", "sesions_spawn"),
    ),
    _break(
        "unreachable-base",
        "policies/support.yaml:22:3",
        "appliesTo: everyone",
        Edit(
            SUPPORT,
            new=_document("Policy", "old", "  appliesTo: everyone\n  extends: [Policy/default]\n  priority: 50\n"),
        ),
        notes=("policy-without-test policies/support.yaml:20:3",),
    ),
    _break(
        "unresolved-reference",
        "access/bindings.yaml:27:3",
        "role: auditr",
        Edit(BINDINGS, "role: auditor", "role: auditr"),
    ),
    _break(
        "unused-role",
        "access/roles.yaml:18:3",
        "name: spare",
        Edit(ROLES, new=_document("Role", "spare", "  permissions: [instances:read]\n")),
    ),
    _break(
        "version-deadline-past",
        "versions/targets.yaml:29:3",
        "deadline: 2026-11-01T00:00:00Z",
        Edit(TARGETS, "  grace: 7d\n", "  deadline: 2026-11-01T00:00:00Z\n"),
    ),
    _break(
        "version-denied-outside-range",
        "versions/targets.yaml:12:26",
        "2026.8.3",
        Edit(TARGETS, '1"\n      denied: [2026.9.3]', '1"\n      denied: [2026.9.3, 2026.8.3]'),
    ),
    _break(
        "version-grace-without-block",
        "versions/targets.yaml:13:3",
        "grace: 7d",
        Edit(TARGETS, "  enforcement: warn\n", "  grace: 7d\n  enforcement: warn\n"),
    ),
    _break(
        "version-range-empty",
        "versions/targets.yaml:27:7",
        'range: ">=2027 <2026.9.1"',
        Edit(TARGETS, ">=2026.9.1 <2027", ">=2027 <2026.9.1"),
    ),
    _break(
        "version-range-excludes-itself",
        "versions/targets.yaml:28:16",
        "2026.9.3",
        Edit(TARGETS, ">=2026.9.1 <2027", "==2026.9.3"),
    ),
    _break(
        "version-target-off",
        "versions/targets.yaml:13:3",
        'enforcement: "off"',
        Edit(TARGETS, "enforcement: warn", 'enforcement: "off"'),
    ),
    _break(
        "waiver-expired",
        "waivers.yaml:10:3",
        "expires: 2026-10-31",
        Edit(
            "waivers.yaml",
            new=_document(
                "Waiver",
                "commands-of-the-gateway",
                "  rule: exec-deny-best-effort\n  resource: Policy/guardrail-control\n"
                "  reason: The sandbox holds what matters.\n  expires: 2026-10-31\n",
            ),
        ),
    ),
    _break(
        "write-left-open",
        "policies/sre.yaml:17:12",
        "write",
        Edit(SRE, "  exec:\n", "  tools:\n    deny: [write]\n  exec:\n"),
    ),
)
