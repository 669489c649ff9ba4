"""`clawforge dump`, `import` and `drift` against a real control plane, as a person types them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from git_repository import Repository
from public_server import send
from server_process import ServerProcess, apply, company, resource, server_process

LEGACY = resource("Policy", "legacy", appliesTo={"groups": ["eng"]}, mode="overlay", tools={"deny": ["browser"]})


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with server_process(tmp_path_factory.mktemp("plane") / "data") as server:
        with server.client() as owner:
            apply(owner, company())
            apply(owner, [*company(), LEGACY], source="old")
        yield server


@pytest.fixture
def owner(plane: ServerProcess) -> Iterator[httpx.Client]:
    with plane.client() as client:
        yield client


def run(
    plane: ServerProcess, *arguments: str | Path, status: int = 0, **variables: str
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CLAWFORGE_")}
    given = {"CLAWFORGE_SERVER": plane.url, "CLAWFORGE_TOKEN": plane.token, **variables}
    done = subprocess.run(
        [sys.executable, "-m", "clawforge_cli", *map(str, arguments)],
        env={**clean, **given},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done


def dumped(plane: ServerProcess, out: Path, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    return run(plane, "dump", "--org", "acme", "--out", out, *arguments, status=status)


def listing(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_what_is_dumped_lints_is_formatted_and_plans_nothing(plane: ServerProcess, tmp_path: Path) -> None:
    out = tmp_path / "new" / "project"
    done = dumped(plane, out)
    assert "Wrote 6 resources of acme, revision 2" in done.stdout
    assert "several sources: old (1), policies (5)" in done.stderr
    assert sorted(listing(out)) == [
        "clawforge.yaml",
        "organization.yaml",
        "people/groups.yaml",
        "people/users.yaml",
        "policies/default.yaml",
        "policies/legacy.yaml",
    ]
    run(plane, "fmt", "--check", out)
    assert "No changes." in run(plane, "plan", out, "--detailed-exitcode").stdout
    (out / "clawforge.yaml").write_text((out / "clawforge.yaml").read_text().replace("source: policies", "source: old"))
    assert "No changes." in run(plane, "plan", out, "--detailed-exitcode").stdout


def test_one_source_is_dumped_by_itself(plane: ServerProcess, tmp_path: Path) -> None:
    done = dumped(plane, tmp_path / "old", "--source", "old")
    assert sorted(listing(tmp_path / "old")) == ["clawforge.yaml", "policies/legacy.yaml"]
    assert "Only what old owns was written" in done.stderr
    assert f"`clawforge import Group/eng User/dev --out {tmp_path / 'old'}` adds that." in done.stdout
    run(plane, "import", "Group/eng", "User/dev", "--out", tmp_path / "old")
    assert "No changes." in run(plane, "plan", tmp_path / "old", "--detailed-exitcode").stdout
    assert "No resource of acme belongs" in dumped(plane, tmp_path / "none", "--source", "nobody", status=1).stderr
    assert not (tmp_path / "none").exists()


def test_a_directory_that_is_not_empty_is_left_alone(plane: ServerProcess, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert "is not empty" in dumped(plane, tmp_path, status=1).stderr
    assert listing(tmp_path) == {"notes.txt": b"mine"}


def test_force_replaces_what_it_writes_and_nothing_else(plane: ServerProcess, tmp_path: Path) -> None:
    dumped(plane, tmp_path / "a")
    first = listing(tmp_path / "a")
    (tmp_path / "a" / "policies" / "default.yaml").write_text("# edited\n")
    (tmp_path / "a" / "README.md").write_text("mine")
    done = dumped(plane, tmp_path / "a", "--force")
    assert "replaced policies/default.yaml" in done.stdout
    assert listing(tmp_path / "a") == first | {"README.md": b"mine"}


def test_other_files_that_would_change_the_meaning_stop_a_forced_dump(plane: ServerProcess, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "apiVersion: clawforge/v1\nkind: User\nmetadata: {name: extra}\nspec: {email: x@acme.example}\n"
    )
    done = dumped(plane, tmp_path, "--force", status=1)
    assert "say something else" in done.stderr
    assert sorted(listing(tmp_path)) == ["mine.yaml"]


@pytest.mark.parametrize("what", ["policies", "policies/default.yaml", "clawforge.yaml"])
def test_a_dump_never_leaves_its_directory(plane: ServerProcess, tmp_path: Path, what: str) -> None:
    outside, out = tmp_path / "outside", tmp_path / "out"
    place = out / what
    place.parent.mkdir(parents=True)
    if what == "policies":
        outside.mkdir()
    else:
        outside.write_text("mine")
    place.symlink_to(outside)
    dumped(plane, out, "--force", status=1)
    assert (list(outside.iterdir()) == []) if what == "policies" else (outside.read_text() == "mine")
    assert [path for path in out.rglob("*") if path.is_file() and not path.is_symlink()] == []


@contextmanager
def lying_plane(state: Any) -> Iterator[str]:
    """Something that answers every question about a state with this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            send(self, 200, json.dumps(state).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.server_port}"
        listener.shutdown()
        thread.join()


def answer(*resources: Any, source: Any = "policies", **more: Any) -> dict[str, Any]:
    sources = {f"{item['kind']}/{item['metadata']['name']}": source for item in resources}
    body = {"org": "acme", "revision": 1, "digest": "sha256:" + "0" * 64, "resources": list(resources)}
    return {**body, "sources": sources, "positions": {}, **more}


@pytest.mark.parametrize(
    "state",
    [
        answer(resource("Policy", "../../evil", appliesTo="everyone")),
        answer(resource("Policy", "/etc/evil", appliesTo="everyone")),
        answer(resource("Policy", "a\n", appliesTo="everyone")),
        answer(resource("../evil", "a", appliesTo="everyone")),
        answer(resource("Policy", "a", appliesTo="everyone", surprise=1)),
        answer(resource("Policy", "a", appliesTo="everyone")),
        answer(resource("Policy", "a", appliesTo="everyone"), source="../evil"),
        answer(*[resource("Policy", "a", appliesTo="everyone")] * 2),
        answer(resources=[7]),
        answer(sources=7),
        {},
        [],
    ],
    ids=["dots", "root", "line", "kind", "field", "digest", "source", "twice", "number", "sources", "empty", "list"],
)
def test_a_server_that_lies_writes_nothing(plane: ServerProcess, tmp_path: Path, state: Any) -> None:
    out = tmp_path / "deep" / "out"
    with lying_plane(state) as url:
        done = run(plane, "dump", "--org", "acme", "--out", out, status=1, CLAWFORGE_SERVER=url)
    assert done.stderr.startswith("Error: ")
    assert listing(tmp_path) == {}


def test_live_resources_are_taken_into_files(plane: ServerProcess, tmp_path: Path) -> None:
    dumped(plane, tmp_path / "p", "--source", "policies")
    (tmp_path / "p" / "people" / "users.yaml").unlink()
    planned = run(plane, "plan", tmp_path / "p", "--offline", status=3)
    assert "unresolved-reference" in planned.stderr
    done = run(plane, "import", "User/dev", "User/gone", "Policy/legacy", "--out", tmp_path / "p")
    assert "+ User/dev  people/users.yaml" in done.stdout
    assert "Policy/legacy: owned by the source old until an apply with --take-ownership." in done.stderr
    assert "No changes." in run(plane, "plan", tmp_path / "p", "--detailed-exitcode").stdout
    run(plane, "fmt", "--check", tmp_path / "p")
    again = run(plane, "import", "User/dev", "--out", tmp_path / "p", "--format", "json")
    assert json.loads(again.stdout) == {"source": "policies", "files": [], "adopted": [], "already": ["User/dev"]}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["import"], "Say what to import"),
        (["import", "User/dev", "--from-clawforge", "x.json"], "Say what to import"),
        (["import", "User/dave"], "holds no User/dave"),
        (["import", "../User/dev"], "no address"),
        (["import", "User/dev", "--file", "../x.yaml"], "cannot be a file"),
        (["import", "User/dev", "--org", "other"], "speaks for the org"),
        (["import", "--from-clawforge", "x.json", "--file", "a.yaml"], "--file is for live"),
    ],
)
def test_what_cannot_be_imported_is_said(plane: ServerProcess, tmp_path: Path, arguments: list[str], told: str) -> None:
    (tmp_path / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n")
    assert told in run(plane, *arguments, "--out", tmp_path, status=1).stderr
    assert sorted(listing(tmp_path)) == ["clawforge.yaml"]


def enrolled(owner: httpx.Client, user: str = "dev") -> dict[str, Any]:
    token = owner.post("/v1/orgs/acme/enrollments", json={"user": user}).json()["token"]
    agent: dict[str, Any] = owner.post("/v1/enroll", json={"token": token}).json()
    return agent


def obey(plane: ServerProcess, credential: str) -> None:
    with plane.client(credential) as agent:
        tag = agent.get("/v1/agent/policy").headers["etag"].strip('"')
        agent.get("/v1/agent/policy", headers={"ClawForge-Acknowledged": tag})


def test_drift_of_files_control_plane_and_agents(tmp_path: Path) -> None:
    with server_process(tmp_path / "data") as plane, plane.client() as owner:
        apply(owner, company())
        dumped(plane, tmp_path / "p")
        agent, silent = enrolled(owner), enrolled(owner)
        obey(plane, agent["credential"])
        obey(plane, silent["credential"])
        commit = Repository.at(tmp_path / "p").commit("as it was")
        clean = run(plane, "drift", tmp_path / "p", "--detailed-exitcode")
        assert f"{commit[:12]}  revision 1" in clean.stdout
        assert clean.stdout.endswith("No drift.\n")
        assert "2 of 2 enforce it" in clean.stdout
        apply(owner, company(resource("User", "new", email="new@acme.example"), deny=["read"]))
        obey(plane, agent["credential"])
        policy = tmp_path / "p" / "policies" / "mine.yaml"
        policy.write_text(
            "apiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: mine}\n"
            "spec: {appliesTo: everyone, mode: overlay}\n"
        )
        shown = run(plane, "drift", tmp_path / "p", "--detailed-exitcode", status=2).stdout
        lines = shown.splitlines()
        assert f"{commit[:12]}, changed since" in shown
        assert lines[0].split() == ["FILES", "CONTROL", "PLANE", "AGENTS"]
        assert any(line.split() == ["User/new", "not", "there", "there"] for line in lines)
        assert ["Policy/default", "policies/default.yaml:1", "says", "something", "else"] in [
            line.split() for line in lines
        ]
        assert any(line.startswith("Policy/mine") and "not there" in line for line in lines)
        assert any(
            line.startswith(f"{silent['instance']} (dev)") and "behind: revision 1 since" in line for line in lines
        )
        assert lines[-1] == (
            "Drift: 3 resources differ between files and control plane; 1 of 2 agents differ (1 behind)."
        )
        assert run(plane, "drift", tmp_path / "p").stdout == shown
        few = json.loads(run(plane, "drift", tmp_path / "p", "--limit", "1", "--format", "json").stdout)
        assert [item["address"] for item in few["resources"]] == ["Policy/default"]
        assert (few["resourceCount"], few["fleet"]["counts"]["behind"], few["server"]["revision"]) == (3, 1, 2)
        stopped = owner.post("/v1/orgs/acme/users/new/suspension", json={"reason": "lost \u202elaptop"})
        assert stopped.status_code == 201
        told = run(plane, "drift", tmp_path / "p").stdout
        assert "  new stopped since" in told
        assert "lost \\u{202e}laptop" in told


def test_what_another_source_owns_is_no_drift(plane: ServerProcess, tmp_path: Path) -> None:
    dumped(plane, tmp_path / "p")
    run(plane, "drift", tmp_path / "p", "--detailed-exitcode")
    (tmp_path / "p" / "policies" / "legacy.yaml").unlink()
    run(plane, "drift", tmp_path / "p", "--detailed-exitcode")


def test_files_that_cannot_be_read_are_no_drift_but_findings(plane: ServerProcess, tmp_path: Path) -> None:
    (tmp_path / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n")
    (tmp_path / "x.yaml").write_text("kind: [\n")
    run(plane, "drift", tmp_path, status=3)
