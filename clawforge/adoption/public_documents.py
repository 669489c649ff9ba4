"""What the public ClawForge server answers about an org, as far as it is recorded (its plugin is version 0.1.5).

The server is not ours: a document may hold more than is known here. What is not known is kept in `model_extra`, so that
it can be reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from clawforge.errors import InputError

Word = Annotated[str, StringConstraints(max_length=4096)]
_MOST = 200_000
"""Members of one list."""


class Document(BaseModel):
    """Strict about types, open for fields that nobody here knows."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow", alias_generator=to_camel, validate_by_name=True)

    @property
    def unknown(self) -> Mapping[str, Any]:
        """Fields that have a value and no meaning here."""
        return {key: value for key, value in (self.model_extra or {}).items() if value is not None}


class PublicSignOn(Document):
    """`ssoConfig`."""

    issuer_url: Word | None = None
    client_id: Word | None = None
    audience: Word | None = None


class PublicOrganization(Document):
    """One org."""

    id: Word
    name: Word
    sso_config: PublicSignOn | None = None
    created_at: Word | None = None
    updated_at: Word | None = None


class OrganizationAnswer(Document):
    """`GET /api/v1/organizations/{org}`."""

    organization: PublicOrganization


class PublicUser(Document):
    """A person: admin, viewer or user."""

    id: Word
    email: Word
    name: Word | None = None
    role: Word
    last_seen_at: Word | None = None
    created_at: Word | None = None


class UsersAnswer(Document):
    """`GET /api/v1/users/{org}`."""

    users: Annotated[tuple[PublicUser, ...], Field(max_length=_MOST)]


class PublicTools(Document):
    """`toolsConfig`: the plugin knows exact names and its own groups."""

    allow: Annotated[tuple[Word, ...], Field(max_length=10_000)] | None = None
    deny: Annotated[tuple[Word, ...], Field(max_length=10_000)] | None = None
    profile: Word | None = None


class ListedSkill(Document):
    """A skill in the policy itself, which the server does not hand to agents."""

    name: Word | None = None
    key: Word | None = None
    scope: Word | None = None


class PublicSkills(Document):
    """`skillsConfig`."""

    require_approval: bool | None = None
    approved: Annotated[tuple[ListedSkill, ...], Field(max_length=10_000)] | None = None


class PublicKill(Document):
    """The kill switch, as the policy shows it."""

    active: bool
    message: Word | None = None


class PolicyAnswer(Document):
    """`GET /api/v1/policies/{org}`. `tools` repeats `toolsConfig`."""

    id: Word | None = None
    org_id: Word | None = None
    name: Word | None = None
    is_default: bool | None = None
    version: int | None = None
    tools_config: PublicTools | None = None
    skills_config: PublicSkills | None = None
    kill_switch: bool | PublicKill = False
    kill_switch_message: Word | None = None
    audit_level: Word | None = None
    updated_at: Word | None = None
    tools: PublicTools | None = None

    @property
    def kill(self) -> tuple[bool, str | None]:
        """Whether the kill switch is on, and its message."""
        if isinstance(self.kill_switch, bool):
            return self.kill_switch, self.kill_switch_message
        return self.kill_switch.active, self.kill_switch.message or self.kill_switch_message


class NamedPolicy(Document):
    """One of several policies, which newer servers have."""

    id: Word | None = None
    name: Word | None = None
    is_default: bool | None = None


class PoliciesAnswer(Document):
    """`GET /api/v1/policies/{org}/list`, where the server has it."""

    policies: Annotated[tuple[NamedPolicy, ...], Field(max_length=10_000)]


class ApprovedSkill(Document):
    """A skill that may run: for everybody (`org`), or for one person (`self`). `version` counts approvals."""

    id: Word | None = None
    org_id: Word | None = None
    skill_name: Word
    skill_key: Word
    scope: Word
    approved_for_user: Word | None = None
    version: int | None = None
    revoked_at: Word | None = None
    revoked_by: Word | None = None
    created_at: Word | None = None


class ApprovedAnswer(Document):
    """`GET /api/v1/skills/{org}/approved`."""

    skills: Annotated[tuple[ApprovedSkill, ...], Field(max_length=_MOST)]


class Submission(Document):
    """A skill that somebody handed in."""

    skill_name: Word
    skill_key: Word | None = None
    status: Word
    reviewed_by: Word | None = None
    review_notes: Word | None = None


class ReviewAnswer(Document):
    """`GET /api/v1/skills/{org}/review`."""

    submissions: Annotated[tuple[Submission, ...], Field(max_length=_MOST)]


class ApiKey(Document):
    """A program's key, without the key."""

    id: Word | None = None
    name: Word
    key_prefix: Word | None = None
    role: Word
    expires_at: Word | None = None
    ip_allowlist: tuple[Word, ...] | None = None
    last_used_at: Word | None = None
    created_at: Word | None = None


class ApiKeysAnswer(Document):
    """`GET /api/v1/api-keys/{org}`."""

    api_keys: Annotated[tuple[ApiKey, ...], Field(max_length=10_000)]


class ListAnswer(Document):
    """A list of which only the length counts: enrolment tokens, or the machines of the heartbeat."""

    tokens: Annotated[tuple[Any, ...], Field(max_length=_MOST)] = ()
    clients: Annotated[tuple[Any, ...], Field(max_length=_MOST)] = ()
    summary: Any = None


class SettingsAnswer(Document):
    """`GET /api/v1/organizations/{org}/settings`, where the server has it."""

    settings: dict[Word, Any]


class PublicExport(Document):
    """Everything about one org, each member as the server answers it. None is what was not there, or not shown."""

    organization: OrganizationAnswer
    users: UsersAnswer
    policy: PolicyAnswer | None = None
    policies: PoliciesAnswer | None = None
    approved: ApprovedAnswer | None = None
    review: ReviewAnswer | None = None
    api_keys: ApiKeysAnswer | None = None
    enrollment_tokens: ListAnswer | None = None
    heartbeat: ListAnswer | None = None
    settings: SettingsAnswer | None = None


Part = Literal[
    "organization", "users", "policy", "policies", "approved", "review", "apiKeys", "enrollmentTokens", "heartbeat",
    "settings",
]  # fmt: skip

PATHS: dict[Part, str] = {
    "organization": "organizations/{org}",
    "users": "users/{org}",
    "policy": "policies/{org}",
    "policies": "policies/{org}/list",
    "approved": "skills/{org}/approved",
    "review": "skills/{org}/review",
    "apiKeys": "api-keys/{org}",
    "enrollmentTokens": "enrollment-tokens/{org}",
    "heartbeat": "heartbeat/{org}",
    "settings": "organizations/{org}/settings",
}
"""Member of an export -> path of the answer below `/api/v1/`."""

REQUIRED: frozenset[Part] = frozenset({"organization", "users"})
"""Without these nothing can be said about an org."""


def parse_export(text: bytes, what: str) -> PublicExport:
    """The export in a JSON text. Raises InputError, naming the first field that is otherwise than recorded."""
    try:
        return PublicExport.model_validate_json(text, by_alias=True, by_name=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise InputError(
            f"{what} is no export of a ClawForge org: {where}: {first['msg']}.",
            hint="Each member is an answer of its API: organization, users, policy, approved. See the how-to page.",
            code="not-an-export",
        ) from error
