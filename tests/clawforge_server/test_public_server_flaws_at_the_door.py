"""Further flaws of the public ClawForge server: its start, its errors, its limits, its streams. Each test names the
change to this server that makes it fail."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_app import MovableClock, opened_api
from server_process import ServerProcess, apply, company

from clawforge_server import migrations
from clawforge_server.data_dir import DataDirectory
from clawforge_server.key_custody import FileCustody
from clawforge_server.migrations.migrate import head_revision, known_revisions
from clawforge_server.routes.table import ENDPOINTS
from clawforge_server.store import tables
from clawforge_server.store.sqlite.store import SqliteStore


def test_row_1_every_migration_runs_and_an_empty_database_answers(tmp_path: Path, clock: MovableClock) -> None:
    """Row 1: four of six migrations were not listed, so the shipped start answered 500 for policies.

    Mutant: let `_database.upgrade` stop before the last migration.
    """
    files = sorted(Path(migrations.__path__[0], "versions").glob("r*.py"))
    assert len(files) == len(known_revisions()), "a migration is in no chain"
    directory = DataDirectory.open(tmp_path / "data")
    directory.create_database_file()
    store = SqliteStore(directory.database, FileCustody(directory.master_key, creates=True))
    connection = store._database._connection
    for name, table in tables.metadata.tables.items():
        columns = {row[1] for row in connection.execute(f"PRAGMA table_info({name})")}
        assert columns == {column.name for column in table.columns}
    store.close()
    directory.close()
    with opened_api(tmp_path / "data", clock) as api:
        assert api.get("/health/ready").status_code == 200
        for endpoint in ENDPOINTS:
            path = endpoint.path.format(org="acme", id="x", n="1", name="x", user="x")
            options: dict[str, Any] = {"json": {}} if endpoint.request is not None else {}
            answer = api.request(endpoint.method, path, **options)
            assert answer.status_code < 500, (endpoint.method, path, answer.text)
    assert head_revision() in known_revisions()


@pytest.mark.parametrize("what", ["the database fails", "the program fails"])
def test_row_2_no_error_shows_sql_or_a_bound_value(
    api: Any, logged: Any, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Row 2: every error answer printed SQL with its values, an enrolment token and the hash of a key among them.

    Mutant: put `str(error)` into `internal_error_response`, or into the detail of a store's failure.
    """
    api.apply(company())
    token = api.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    key = api.token("*:*")
    if what == "the database fails":
        connection = api.plane.store._database._connection
        for table in ("enrollments", "tokens", "instances", "plans"):
            connection.execute(f"ALTER TABLE {table} RENAME TO {table}_gone")
    else:

        def broken(*_: object, **__: object) -> None:
            raise LookupError(f"INSERT INTO enrollments VALUES ('{token}')", {"token": token})

        monkeypatch.setattr(type(api.plane.store), "transaction", broken)
    sent = [
        api.post("/v1/enroll", token="", json={"token": token}),
        api.get("/v1/orgs/acme/enrollments", token=key),
        api.get("/v1/orgs/acme/tokens"),
        api.get("/v1/orgs/acme/instances"),
        api.post("/v1/orgs/acme/tokens", json={"name": "k", "permissions": ["*:*"]}),
        api.get("/v1/orgs/acme/plans/plan-x"),
    ]
    assert all(answer.status_code >= 500 for answer in sent)
    said = "".join(answer.text + str(answer.headers) for answer in sent) + logged.getvalue()
    for tell in (
        "SELECT",
        "INSERT",
        "UPDATE ",
        "sqlite",
        "sqlalchemy",
        "Traceback",
        "enrollments_gone",
        token,
        key,
        token[-16:],
    ):
        assert tell not in said, tell


def test_row_7_a_user_with_a_heartbeat_can_be_deleted(api: Any) -> None:
    """Row 7: deleting a user whose machine had reported once was a 500 for ever.

    Mutant: let an apply fail that takes away a user who has an instance.
    """
    api.apply(company())
    agent = api.enroll("dev")
    assert (
        api.post("/v1/agent/heartbeat", token=agent["credential"], json={"versions": {"host": "1"}}).status_code == 200
    )
    api.plane.reports.flush()
    left = [item for item in company() if item["metadata"]["name"] not in {"dev", "eng"}]
    assert api.apply(left)["revision"] == 2
    after = api.get("/v1/agent/policy", token=agent["credential"])
    assert after.status_code < 500
    assert api.get("/v1/orgs/acme/instances").status_code == 200


def test_row_14_the_limit_comes_before_the_work(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 14: credentials were checked before the limiter was asked: 200 bad keys took 81 s, and none was a 429.

    Mutant: leave out `failures.check` or `limits.arrive` in `auth/admission.py`.
    """
    api.apply(company())
    asked = []
    find = api.plane.credentials.find

    def counted(sha256: str, now: Any) -> Any:
        asked.append(sha256)
        return find(sha256, now)

    monkeypatch.setattr(api.plane.credentials, "find", counted)
    began = time.process_time()
    statuses = [api.get("/v1/orgs/acme/state", token=f"cf_live_{number}").status_code for number in range(200)]
    assert statuses == [401] * 100 + [429] * 100
    assert len(asked) == 100, "what is over the limit is not even looked up"
    assert time.process_time() - began < 8


def test_row_22_a_stream_has_ids_forgets_nothing_and_ends_with_its_token(running: ServerProcess) -> None:
    """Row 22: streams had no ids, lost what came between two connections, and never looked at the token again.

    Mutants: leave out `id:` in `routes/audit.py:_sse`, or `reauthorise` in `_records`.
    """
    with running.client() as owner:
        apply(owner, company())
        body = {"name": "tail", "permissions": ["audit:read"]}
        key = owner.post("/v1/orgs/acme/tokens", json=body).json()
        last = _read(running, key["token"], after=0, count=2)
        for number in range(3):
            owner.post("/v1/orgs/acme/tokens", json={**body, "name": f"k{number}"})
        ids = _read(running, key["token"], after=last[-1], count=3)
        assert ids == [last[-1] + 1, last[-1] + 2, last[-1] + 3], "what happened meanwhile is not lost"
        ended = threading.Event()

        def follow() -> None:
            with running.client(key["token"]) as client, client.stream("GET", "/v1/orgs/acme/audit/stream") as stream:
                for _ in stream.iter_lines():
                    pass
            ended.set()

        thread = threading.Thread(target=follow)
        thread.start()
        time.sleep(0.5)
        assert owner.delete(f"/v1/orgs/acme/tokens/{key['id']}").status_code == 204
        assert ended.wait(2), "the stream outlived its token"
        thread.join()


def _read(server: ServerProcess, token: str, *, after: int, count: int) -> list[int]:
    """The ids of so many records after one."""
    ids: list[int] = []
    headers = {"Last-Event-ID": str(after)}
    with server.client(token) as client, client.stream("GET", "/v1/orgs/acme/audit/stream", headers=headers) as stream:
        for line in stream.iter_lines():
            if line.startswith("id: "):
                ids.append(int(line.removeprefix("id: ")))
            if len(ids) == count:
                return ids
    return ids


ORIGINS = ["https://evil.example", "null", "http://localhost:3000", "https://server.evil.example"]


@pytest.mark.parametrize("origin", ORIGINS)
def test_row_25_no_web_page_may_ask(api: Any, origin: str) -> None:
    """Row 25: whatever origin asked was allowed, with credentials.

    Mutant: add starlette's CORSMiddleware with `allow_origins=["*"]` in `make_app`.
    """
    api.apply(company())
    for method in ("OPTIONS", "GET", "POST"):
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        }
        answer: httpx.Response = api.request(method, "/v1/orgs/acme/state", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert method == "GET" or answer.status_code == 405


@pytest.mark.parametrize(
    "value", ["not-a-uuid", "2026-13-45", "1e999", "-1", "00000000-0000-0000-0000-00000000000g", "%00", "9" * 30]
)
def test_row_25_a_bad_id_or_date_is_the_client_s_mistake(api: Any, value: str) -> None:
    """Row 25: a bad id, date or timestamp was a 500.

    Mutant: let `Call.number` or `routes/audit.py:_moment` raise ValueError.
    """
    api.apply(company())
    for path in (
        "plans/{v}",
        "revisions/{v}",
        "state?revision={v}",
        "audit?since={v}",
        "audit?after={v}",
        "effective?user=dev&at={v}",
    ):
        assert api.get(f"/v1/orgs/acme/{path.format(v=value)}").status_code in {400, 404, 422}
    credential = api.enroll()["credential"]
    event = {"seq": 1, "at": value, "action": "tool:call", "outcome": "allow"}
    assert api.post("/v1/agent/audit", token=credential, json={"events": [event]}).status_code < 500
    assert api.get(f"/v1/agent/policy?wait={value}", token=credential).status_code == 400
