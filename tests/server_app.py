"""The whole application over a real database, called without a network; and time that tests move."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from clawforge_server.app import make_app
from clawforge_server.auth.oidc.egress import Egress
from clawforge_server.auth.request_limits import RequestRates, rates
from clawforge_server.control_plane import ControlPlane, make_control_plane
from clawforge_server.data_dir import DataDirectory
from clawforge_server.key_custody import FileCustody
from clawforge_server.origin import Origin
from clawforge_server.service.bootstrap import ensure_owner
from clawforge_server.service.sessions import open_session
from clawforge_server.store.sqlite.store import SqliteStore

NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)

PLENTY = rates(1_000_000)


class MovableClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = NOON
        self.seconds = 0.0

    def now(self) -> dt.datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def move(self, **interval: float) -> None:
        delta = dt.timedelta(**interval)
        self.moment += delta
        # Wall clocks are corrected; what measures intervals never goes back.
        self.seconds += max(0.0, delta.total_seconds())


class Api:
    """The application, one event loop, and calls that block. Requests carry the owner's token unless told."""

    def __init__(
        self,
        store: SqliteStore,
        clock: MovableClock,
        owner: str,
        egress: Egress | None = None,
        limits: RequestRates = PLENTY,
    ) -> None:
        self.clock = clock
        self._limits = limits
        self._egress = egress
        self.owner = owner
        self._runner = asyncio.Runner()
        self.plane: ControlPlane = self._runner.run(self._make(store))
        self._app = make_app(self.plane)

    async def _make(self, store: SqliteStore) -> ControlPlane:
        # Time stands still here, and no bucket would ever be filled again.
        plane = make_control_plane(store, self.clock, egress=self._egress, limits=self._limits)
        plane.wakeups.attach(asyncio.get_running_loop())
        return plane

    def client(self, token: str | None = None, *, address: str = "192.0.2.1") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self._app, client=(address, 40_000))
        headers = {} if token == "" else {"Authorization": f"Bearer {token or self.owner}"}
        return httpx.AsyncClient(transport=transport, base_url="http://server", headers=headers)

    def run(self, work: Any) -> Any:
        return self._runner.run(work)

    def request(
        self, method: str, path: str, *, token: str | None = None, address: str = "192.0.2.1", **options: Any
    ) -> httpx.Response:
        async def send() -> httpx.Response:
            async with self.client(token, address=address) as client:
                return await client.request(method, path, **options)

        answer: httpx.Response = self._runner.run(send())
        return answer

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:
        return self.request("DELETE", path, **options)

    def plan(self, resources: list[dict[str, Any]], *, org: str = "acme", **more: Any) -> dict[str, Any]:
        """The plan of a proposal that must pass."""
        body = {"source": "policies", "resources": resources, "positions": {}, **more}
        answer = self.post(f"/v1/orgs/{org}/plans", json=body)
        assert answer.status_code == 201, answer.text
        plan: dict[str, Any] = answer.json()
        return plan

    def send_apply(self, plan: dict[str, Any], **options: Any) -> httpx.Response:
        """The answer to applying a plan."""
        headers = options.pop("headers", {"If-Match": f'"{plan["base"]["revision"]}"'})
        path = f"/v1/orgs/{plan['org']}/plans/{plan['id']}/apply"
        return self.post(path, json={"plan": plan}, headers=headers, **options)

    def apply(self, resources: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        """The result of planning and applying, which must pass."""
        answer = self.send_apply(self.plan(resources, **more))
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    def audit(self, org: str = "acme") -> list[dict[str, Any]]:
        """The org's log."""
        events: list[dict[str, Any]] = self.get(f"/v1/orgs/{org}/audit?limit=1000").json()["events"]
        return events

    def token(self, *permissions: str, org: str = "acme", name: str = "robot") -> str:
        """A token of an org that exists."""
        body = {"name": name, "permissions": list(permissions), "ttl": 86_400}
        answer = self.post(f"/v1/orgs/{org}/tokens", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def session(self, holder: str, *, org: str = "acme", claims: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
        """A session of a declared holder, as signing in would open it."""
        options = {"method": "oidc", "lifetime": dt.timedelta(days=30), "refreshable": True, **more}
        answer = open_session(self.plane, org, holder, claims=claims, origin=Origin("192.0.2.1"), **options)
        document: dict[str, Any] = answer.model_dump(mode="json", by_alias=True)
        return document

    def enroll(self, user: str = "dev", **more: Any) -> dict[str, Any]:
        """A new instance, as the agent is answered."""
        minted = self.post("/v1/orgs/acme/enrollments", json={"user": user, **more})
        assert minted.status_code == 201, minted.text
        answer = self.post("/v1/enroll", token="", json={"token": minted.json()["token"]})
        assert answer.status_code == 201, answer.text
        enrolled: dict[str, Any] = answer.json()
        return enrolled

    def close(self) -> None:
        self._runner.close()


@contextmanager
def opened_api(
    data: Path, clock: MovableClock, egress: Egress | None = None, limits: RequestRates = PLENTY
) -> Iterator[Api]:
    """The application over a database in a directory."""
    directory = DataDirectory.open(data)
    directory.create_database_file()
    store = SqliteStore(directory.database, FileCustody(directory.master_key, creates=True))
    ensure_owner(store, directory, clock)
    api = Api(store, clock, directory.bootstrap_token.read_text(), egress, limits)
    try:
        yield api
    finally:
        api.close()
        store.close()
        directory.close()
