"""The control plane as commands see it: typed calls in, typed answers out, problems back as the library's errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from clawforge import __version__
from clawforge.decide.request import Decision
from clawforge.errors import (
    ClawforgeError,
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    StalePlanError,
    UnauthenticatedError,
    UnavailableError,
)
from clawforge.plan import Plan
from clawforge.resource.meta import Strict
from clawforge.wire import (
    ApplyRequest,
    ApplyResult,
    ApplyTerms,
    DecideRequest,
    EffectiveView,
    PlanRequest,
    Problem,
    ProblemItem,
    RevisionPage,
)
from clawforge.wire_enrollment import EnrollmentAnswer, EnrollmentRequest
from clawforge_cli.settings import Connection

if TYPE_CHECKING:
    import httpx

    from clawforge_cli.manifest import Manifest

Answer = TypeVar("Answer", bound=Strict)

NO_TERMS = ApplyTerms()
_LARGEST_ANSWER = 256 * 1024 * 1024


class RefusedError(InputError):
    """The server refused what was sent; `problems` says item by item why."""

    def __init__(
        self, message: str, *, hint: str = "", code: str | None = None, problems: tuple[ProblemItem, ...] = ()
    ):
        super().__init__(message, hint=hint, code=code)
        self.problems = problems


class ControlPlane:
    """Calls one control plane with one credential."""

    def __init__(
        self, connection: Connection, *, transport: httpx.BaseTransport | None = None, timeout: float = 120.0
    ) -> None:
        self._connection = connection
        self._transport = transport
        self._timeout = timeout

    def create_plan(self, manifest: Manifest, request: PlanRequest) -> Plan:
        """Ask for the plan that a proposal would be: what the manifest declares, and what the request says beside."""
        return self._call(Plan, "POST", f"/v1/orgs/{manifest.file.org}/plans", manifest.body(request))

    def apply_plan(self, plan: Plan, terms: ApplyTerms = NO_TERMS) -> ApplyResult:
        """Carry out a plan exactly as it was answered; `terms` are what else there is to say."""
        return self._call(
            ApplyResult,
            "POST",
            f"/v1/orgs/{plan.org}/plans/{plan.id}/apply",
            ApplyRequest(plan=plan, **dict(terms)),
            headers={"If-Match": f'"{plan.base.revision}"'},
        )

    def revisions(self, org: str, *, before: int | None = None, limit: int = 50) -> RevisionPage:
        """Revisions, newest first."""
        query = {"limit": str(limit)} | ({"before": str(before)} if before is not None else {})
        return self._call(RevisionPage, "GET", f"/v1/orgs/{org}/revisions", query=query)

    def mint_enrollment(self, org: str, request: EnrollmentRequest) -> EnrollmentAnswer:
        """Make an enrolment token."""
        return self._call(EnrollmentAnswer, "POST", f"/v1/orgs/{org}/enrollments", request)

    def decide(self, org: str, request: DecideRequest) -> Decision:
        """Have the server judge a call by its present state."""
        return self._call(Decision, "POST", f"/v1/orgs/{org}/decide", request)

    def effective(self, org: str, query: Mapping[str, str | list[str]]) -> EffectiveView:
        """The effective policy that the server would give a subject."""
        return self._call(EffectiveView, "GET", f"/v1/orgs/{org}/effective", query=query)

    def _call(
        self,
        model: type[Answer],
        method: str,
        path: str,
        body: Strict | bytes | None = None,
        *,
        query: Mapping[str, str | list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        content = self._send(method, path, body, query=query, headers=headers)
        try:
            return model.model_validate_json(content)
        except ValidationError as error:
            raise UnavailableError(
                f"The control plane at {self._connection.server} gave an answer that this version does not understand.",
                hint="Are clawforge and the server of the same version?",
                code="unexpected-answer",
            ) from error

    def _send(
        self,
        method: str,
        path: str,
        body: Strict | bytes | None,
        *,
        query: Mapping[str, str | list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        import httpx

        from clawforge_cli.views.progress import busy

        content = body.model_dump_json(by_alias=True).encode() if isinstance(body, Strict) else body
        token = self._connection.token.reveal()
        all_headers = {
            **({"Authorization": f"Bearer {token}"} if token else {}),
            "User-Agent": f"clawforge/{__version__}",
            **({"Content-Type": "application/json"} if content is not None else {}),
            **(headers or {}),
        }
        try:
            with (
                httpx.Client(
                    base_url=self._connection.server,
                    transport=self._transport,
                    timeout=self._timeout,
                    trust_env=False,
                ) as client,
                busy("Waiting for the control plane ..."),
            ):
                response = client.request(method, path, content=content, params=query, headers=all_headers)
        except httpx.TimeoutException as error:
            raise UnavailableError(f"The control plane at {self._connection.server} did not answer in time.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError(
                f"The control plane at {self._connection.server} cannot be reached: {error}.",
                hint="Is the server running, and is the address right?",
            ) from error
        if response.is_success:
            return response.content
        raise problem_error(response.status_code, response.content, response.headers.get("Retry-After"))


def problem_error(status: int, content: bytes, retry_after: str | None = None) -> ClawforgeError:
    """The library's error for a problem document; also for an answer that is none, such as a proxy's page."""
    try:
        problem = Problem.model_validate_json(content)
    except ValidationError:
        return UnavailableError(
            f"The control plane answered {status} without saying why.",
            hint="Is there something else than clawforge at that address?",
            code="unexpected-answer",
        )
    detail, hint, code = problem.detail, problem.hint or "", problem.code
    match status:
        case 401:
            return UnauthenticatedError(detail, hint=hint, code=code)
        case 403:
            return ForbiddenError(detail, hint=hint, code=code)
        case 404:
            return NotFoundError(detail, hint=hint, code=code)
        case 409 | 412 | 428:
            if code == "stale-plan":
                return StalePlanError(detail, hint=hint, code=code)
            return ConflictError(detail, hint=hint, code=code)
        case 429 | 500 | 502 | 503 | 504:
            seconds = float(retry_after) if retry_after and retry_after.isdigit() else 0.0
            return UnavailableError(detail, hint=hint, code=code, retry_after=seconds)
        case _:
            return RefusedError(detail, hint=hint, code=code, problems=problem.problems)
