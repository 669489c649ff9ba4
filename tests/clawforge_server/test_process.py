"""The server as a process: what it refuses to start with, what it leaves on disk, and how it ends."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from server_process import (
    ServerProcess,
    apply,
    company,
    free_port,
    make_plan,
    proposal,
    send_apply,
    server_process,
    start,
)


def refused(data: Path, listen: str, *arguments: str) -> str:
    """What a start that must fail says."""
    command = [sys.executable, "-m", "clawforge_server", "--data", str(data), "--listen", listen, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.1", "example.com"])
def test_an_unprotected_public_listener_is_refused(tmp_path: Path, host: str) -> None:
    said = refused(tmp_path / "data", f"{host}:0")
    assert "--behind-proxy" in said
    assert "--tls-cert" in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("listen", ["8443", "localhost", "localhost:http", "localhost:70000", "::1:80", ":80"])
def test_a_malformed_address_is_refused(tmp_path: Path, listen: str) -> None:
    refused(tmp_path / "data", listen)


def test_wrong_usage_is_refused(tmp_path: Path) -> None:
    assert "--tls-key" in refused(tmp_path, "localhost:0", "--tls-cert", "cert.pem")
    assert "not exist" in refused(tmp_path, "localhost:0", "--tls-cert", "no.pem", "--tls-key", "no.pem")
    assert "--nonsense" in refused(tmp_path, "localhost:0", "--nonsense")


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = refused(tmp_path / "data", f"127.0.0.1:{taken.getsockname()[1]}")
    assert "in use" in said


def test_a_port_of_another_server_is_refused(running: ServerProcess, tmp_path: Path) -> None:
    assert "in use" in refused(tmp_path / "other", running.url.removeprefix("http://"))


def test_a_directory_of_another_server_is_refused(running: ServerProcess) -> None:
    assert "Another server" in refused(running.data, "127.0.0.1:0")


def test_an_unusable_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be used" in refused(tmp_path / "file", "127.0.0.1:0")
    assert "cannot be used" in refused(tmp_path / "file" / "below", "127.0.0.1:0")


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with server_process(data) as server:
        server.stop()
    with sqlite3.connect(data / "clawforge.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'r9999'")
    connection.close()
    assert "newer version" in refused(data, "127.0.0.1:0")


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "clawforge.db").write_bytes(b"this is no database" * 100)
    assert "cannot be opened" in refused(data, "127.0.0.1:0")


def test_files_are_for_their_owner_alone(running: ServerProcess) -> None:
    with running.client() as client:
        apply(client, company())
    assert stat.S_IMODE(running.data.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in running.data.iterdir()}
    assert {"bootstrap-token", "clawforge.db", "clawforge.db-wal", "server.lock"} <= set(modes)
    assert set(modes.values()) == {0o600}
    assert running.token.startswith("cf_owner_")
    assert "\n" not in running.token


def test_the_bootstrap_token_is_made_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with server_process(data) as server:
        token = server.token
        server.stop()
    with server_process(data) as server:
        assert server.token == token
        (data / "bootstrap-token").unlink()
        server.stop()
    with server_process(data) as server:
        assert not (data / "bootstrap-token").exists()
        with server.client(token) as client:
            assert apply(client, company())["revision"] == 1


def test_a_start_that_could_not_write_the_token_is_made_up_for(tmp_path: Path) -> None:
    data = tmp_path / "data"
    obstacle = data / ".bootstrap-token.new"
    obstacle.mkdir(parents=True)
    assert "token cannot be written" in refused(data, "127.0.0.1:0")
    assert not (data / "bootstrap-token").exists()
    obstacle.rmdir()
    with server_process(data) as server, server.client() as client:
        assert apply(client, company())["revision"] == 1


def test_a_start_that_was_killed_is_made_up_for(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for seconds in (0.35, 0.45, 0.55, 0.65):
        process = start(data, free_port())
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    with server_process(data) as server, server.client() as client:
        assert apply(client, company())["revision"] == 1


@pytest.mark.parametrize("guess", ["clawforge", "admin", "changeme", "cf_owner_", "secret", "owner"])
def test_there_is_no_default_secret(running: ServerProcess, guess: str) -> None:
    with running.client(guess) as client:
        assert client.get("/v1/orgs/acme/state").status_code == 401


def test_health_and_readiness(running: ServerProcess) -> None:
    health = httpx.get(f"{running.url}/health", trust_env=False)
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    ready = httpx.get(f"{running.url}/health/ready", trust_env=False)
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


def test_state_survives_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with server_process(data) as server, server.client() as client:
        plan = make_plan(client, proposal(company()))
        assert server.stop() == 0
    with server_process(data) as server, server.client() as client:
        first = send_apply(client, plan)
        assert first.status_code == 200
        server.kill()
    with server_process(data) as server, server.client() as client:
        assert send_apply(client, plan).json() == first.json()
        assert client.get("/v1/orgs/acme/state").json()["revision"] == 1


def enrolled(server: ServerProcess) -> str:
    with server.client() as client:
        apply(client, company())
        token = client.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
        return str(client.post("/v1/enroll", json={"token": token}).json()["credential"])


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_though_agents_wait(running: ServerProcess, signum: signal.Signals) -> None:
    with running.client(enrolled(running)) as agent, httpx.Client(base_url=running.url, trust_env=False) as idle:
        idle.get("/health")
        held = {"If-None-Match": agent.get("/v1/agent/policy").headers["etag"]}
        answers: list[Any] = []

        def wait() -> None:
            answers.append(agent.get("/v1/agent/policy?wait=30", headers=held).status_code)

        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.5)
        began = time.monotonic()
        running.process.send_signal(signum)
        assert running.process.wait(timeout=10) == 0
        assert time.monotonic() - began < 2
        waiting.join(5)
    assert answers == [304]
    assert "Traceback" not in running.log.read_text()


def test_many_waiting_agents_starve_nobody_and_all_hear_the_news(running: ServerProcess) -> None:
    """More of them than the 1,024 open requests at which the HTTP server stops accepting by default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4_096:
        pytest.skip("this machine does not allow enough open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4_096, hard))
    try:
        with running.client(enrolled(running)) as agent, running.client() as owner:
            held = agent.get("/v1/agent/policy").headers["etag"]
            assert asyncio.run(wait_together(running, agent, owner, held, 1_100)) == {b"200"}
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def wait_together(
    server: ServerProcess, agent: httpx.Client, owner: httpx.Client, held: str, count: int
) -> set[bytes]:
    """Let many poll at once, apply something, and give the statuses that they were answered."""
    port = int(server.url.rpartition(":")[2])
    lines = ["GET /v1/agent/policy?wait=30 HTTP/1.1", "Host: server", f"If-None-Match: {held}"]
    lines += [f"Authorization: {agent.headers['Authorization']}", "", ""]

    async def poll() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write("\r\n".join(lines).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return head[9:12]

    polls = [asyncio.create_task(poll()) for _ in range(count)]
    await asyncio.sleep(2)
    assert not any(task.done() for task in polls)
    began = time.monotonic()
    assert (await asyncio.to_thread(owner.get, "/health")).status_code == 200
    assert time.monotonic() - began < 2
    await asyncio.to_thread(apply, owner, company(deny=["read"]))
    return set(await asyncio.wait_for(asyncio.gather(*polls), 10))


def test_what_agents_reported_is_written_when_it_stops(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with server_process(data) as server:
        with server.client(enrolled(server)) as agent:
            agent.get("/v1/agent/policy")
        assert server.stop() == 0
    with server_process(data) as server, server.client() as client:
        (listed,) = client.get("/v1/orgs/acme/instances").json()["instances"]
        assert listed["lastSeen"] is not None


def test_one_process_serves_so_killing_it_leaves_nothing(running: ServerProcess) -> None:
    children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
    if children.exists():
        assert children.read_text() == ""
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait()
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{running.url}/health", trust_env=False)
    with server_process(running.data, free_port()) as again:
        assert again.url


def test_nothing_secret_reaches_the_log(running: ServerProcess) -> None:
    credential = enrolled(running)
    with running.client() as client, running.client(credential) as agent, running.client("cf_owner_wrong") as stranger:
        agent.get("/v1/agent/policy?wait=0&note=canary-query")
        stranger.get("/v1/orgs/acme/state")
        client.post("/v1/orgs/acme/decide", json={"user": "dev", "tool": "exec", "params": {"command": "canary-param"}})
        client.post("/v1/orgs/acme/plans", content=b"canary-body", headers={"Content-Type": "application/json"})
        owner = running.token
    running.stop()
    logged = running.log.read_text()
    assert logged
    for secret in (owner, credential, "cf_owner_wrong", "canary"):
        assert secret not in logged


def test_two_applies_at_once_have_one_winner(running: ServerProcess) -> None:
    with running.client() as client:
        apply(client, company())
        for round_number in range(3):
            names = [f"tool{round_number}x{number}" for number in range(8)]
            plans = [make_plan(client, proposal(company(deny=[name]))) for name in names]
            answers = at_once([lambda plan=plan: send_apply(client, plan) for plan in plans])
            codes = sorted(answer.status_code for answer in answers)
            assert codes == [200] + [409] * 7
            assert all(answer.json()["code"] == "stale-plan" for answer in answers if answer.status_code == 409)
        assert client.get("/v1/orgs/acme/state").json()["revision"] == 4


def test_one_plan_applied_by_many_at_once_is_applied_once(running: ServerProcess) -> None:
    with running.client() as client:
        plan = make_plan(client, proposal(company()))
        answers = at_once([lambda: send_apply(client, plan)] * 8)
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.text for answer in answers}) == 1
        assert len(client.get("/v1/orgs/acme/revisions").json()["revisions"]) == 1


def at_once(work: list[Any]) -> list[httpx.Response]:
    """Results of doing everything at the same moment."""
    barrier = threading.Barrier(len(work))
    answers: list[httpx.Response] = []

    def run(item: Any) -> None:
        barrier.wait()
        answers.append(item())

    threads = [threading.Thread(target=run, args=(item,)) for item in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers
