"""Where we answer a recorded call of the public ClawForge server otherwise, and why: each row is a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ERROR = [("error", "text")]
POLICY = [
    ("version", "number"),
    ("tools", [("deny", ["text"])]),
    ("skills", [("approved", []), ("requireApproval", "bool")]),
    ("killSwitch", [("active", "bool")]),
    ("auditLevel", "text"),
]


RAW = [
    ("id", "id"),
    ("orgId", "id"),
    ("version", "number"),
    ("toolsConfig", [("deny", ["text"])]),
    ("skillsConfig", [("approved", []), ("requireApproval", "bool")]),
    ("killSwitch", [("active", "bool")]),
    ("killSwitchMessage", "NoneType"),
    ("auditLevel", "text"),
    ("updatedAt", "time"),
    ("tools", [("deny", ["text"])]),
]
WRITTEN = [*RAW[:5], ("killSwitch", "bool"), *RAW[6:9]]
EXPANDED = "groups and profiles are expanded, and no skill is approved yet"
KEPT = [("error", "text"), ("file", "text"), ("line", "number")]
TOKEN = [
    ("id", "id"),
    ("token", "text"),
    ("label", "text"),
    ("expiresAt", "time"),
    ("maxUses", "number"),
    ("usedCount", "number"),
    ("createdAt", "time"),
]
KEY = [
    ("id", "id"),
    ("name", "text"),
    ("keyPrefix", "text"),
    ("role", "text"),
    ("expiresAt", "time"),
    ("ipAllowlist", "NoneType"),
    ("createdAt", "time"),
    ("key", "text"),
]


@dataclass(frozen=True)
class Deviation:
    """What we answer instead: the status, the form of the body, and why."""

    status: int
    form: Any
    why: str


DEVIATIONS: dict[str, Deviation] = {
    "01-health": Deviation(200, [("status", "text"), ("version", "text")], "our own health route says the version too"),
    "02-health-ready": Deviation(200, [("status", "text")], "our own readiness route; clients look at the status"),
    "14-exchange-code-no-org-header-400": Deviation(
        404, ERROR, "the plugin never sends the header, so the org is found without; none of these has a provider"
    ),
    "17-policy-put": Deviation(409, KEPT, "the policy is kept in git, and is changed there"),
    "19-policy-put-unknown-keys": Deviation(409, KEPT, "the policy is kept in git, and is changed there"),
    "20-policy-get-raw": Deviation(200, RAW, EXPANDED),
    "21-policy-effective": Deviation(200, POLICY, "groups and profiles are expanded: the plugin's own tables are old"),
    "26-policy-effective-refresh-as-access": Deviation(401, ERROR, "a refresh token is no access token"),
    "32-heartbeat-unknown-user": Deviation(403, ERROR, "a heartbeat is for its own user; no SQL in answers"),
    "33-heartbeat-nonuuid-user": Deviation(403, ERROR, "a heartbeat is for its own user; no SQL in answers"),
    "35-killswitch-on": Deviation(200, [*WRITTEN[:6], ("killSwitchMessage", "text"), *WRITTEN[7:]], EXPANDED),
    "37-effective-killed": Deviation(
        200, [*POLICY[:3], ("killSwitch", [("active", "bool"), ("message", "text")]), POLICY[4]], EXPANDED
    ),
    "38-killswitch-on-no-message": Deviation(
        200, [*WRITTEN[:6], ("killSwitchMessage", "text"), *WRITTEN[7:]], "people are told something in any case"
    ),
    "39-heartbeat-killed-no-message": Deviation(
        200,
        [
            ("policyVersion", "number"),
            ("killSwitch", "bool"),
            ("killSwitchMessage", "text"),
            ("refreshPolicyNow", "bool"),
        ],
        "people are told something in any case",
    ),
    "40-killswitch-off": Deviation(200, WRITTEN, EXPANDED),
    "49-audit-post-501-400": Deviation(201, [("ingested", "number")], "a plugin's whole buffer is taken"),
    "54-enroll-token-create-201": Deviation(201, TOKEN, "every token ends some day"),
    "61-user-effective": Deviation(200, POLICY, "groups and profiles are expanded: the plugin's own tables are old"),
    "63-user-heartbeat-for-other-user": Deviation(403, ERROR, "a heartbeat is for its own user"),
    "69-effective-with-skill": Deviation(200, POLICY, "a skill is approved once the files say so"),
    "68-skill-approved": Deviation(200, [("skills", [])], "a skill is approved once the files say so"),
    "70-apikey-create-201": Deviation(201, KEY, "every key ends some day"),
    "71-apikey-use": Deviation(200, RAW, EXPANDED),
    "78-cors-preflight": Deviation(401, ERROR, "no web page of another origin speaks for a person here"),
    "79-auth-mode-query-string": Deviation(200, [("methods", ["text"])], "a query string does not hide a public route"),
}
