"""Documents of the old console, with the names and the order of fields that it knows: what is not there is null."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from clawforge.resource.meta import Strict


class ClientView(Strict):
    """A machine, and when it was heard of last."""

    user_id: str
    email: str | None
    name: str | None
    role: str
    last_heartbeat_at: str | None
    client_version: str | None
    status: str


class ClientSummary(Strict):
    """How many machines there are."""

    total: int
    online: int
    offline: int


class ClientList(Strict):
    """Every active machine."""

    clients: tuple[ClientView, ...]
    summary: ClientSummary


class UserView(Strict):
    """A declared person."""

    id: str
    email: str
    name: str | None
    role: str
    last_seen_at: str | None
    created_at: str


class UserList(Strict):
    """Declared people by name."""

    users: tuple[UserView, ...]


class OrganizationView(Strict):
    """An org; of single sign-on what its clients need to know."""

    id: str
    name: str
    sso_config: dict[str, str] | None
    created_at: str
    updated_at: str


class OrganizationAnswer(Strict):
    """One org."""

    organization: OrganizationView


class PolicyDocument(Strict):
    """The policy of somebody of whom nothing is known. A write answers without `tools`, and with a plain switch."""

    id: str
    org_id: str
    version: int
    tools_config: dict[str, tuple[str, ...]]
    skills_config: dict[str, Any]
    kill_switch: dict[str, Any] | bool
    kill_switch_message: str | None
    audit_level: str
    updated_at: str
    tools: dict[str, tuple[str, ...]] | None = None


class EnrollmentToken(Strict):
    """A right to enrol; the token is shown once."""

    id: str
    token: Annotated[str | None, Field(repr=False)]
    label: str | None
    expires_at: str | None
    max_uses: int | None
    used_count: int
    created_at: str


class EnrollmentTokenList(Strict):
    """Rights to enrol that can be used still."""

    tokens: tuple[EnrollmentToken, ...]


class ApiKeyView(Strict):
    """An API key; `key_prefix` is what people tell it by."""

    id: str
    name: str
    key_prefix: str
    role: str
    expires_at: str | None
    ip_allowlist: tuple[str, ...] | None
    created_at: str


class NewApiKey(ApiKeyView):
    """An API key, shown once."""

    key: Annotated[str, Field(repr=False)]


class ApiKeyList(Strict):
    """API keys that are good still."""

    api_keys: tuple[ApiKeyView, ...]


class Done(Strict):
    """It was done."""

    success: bool = True


class SubmissionDocument(Strict):
    """A skill that somebody handed in."""

    id: str
    org_id: str
    submitted_by: str
    skill_name: str
    skill_key: str | None
    metadata: dict[str, Any] | None
    manifest_content: str | None
    scan_results: dict[str, Any] | None
    status: str
    reviewed_by: str | None
    review_notes: str | None
    created_at: str
    updated_at: str


class SubmissionDocuments(Strict):
    """Skills that wait for a review."""

    submissions: tuple[SubmissionDocument, ...]


class ApprovedSkillView(Strict):
    """A skill that may be used."""

    id: str
    org_id: str
    skill_name: str
    skill_key: str
    scope: str
    approved_for_user: str | None
    version: int
    revoked_at: str | None
    revoked_by: str | None
    created_at: str


class ApprovedSkills(Strict):
    """Skills by key."""

    skills: tuple[ApprovedSkillView, ...]


class RevokedSkill(Done):
    """A skill that was stopped."""

    skill: ApprovedSkillView
