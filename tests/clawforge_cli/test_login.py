"""`login` and `logout` as people and pipelines use them: a real server, the certified provider, the real program."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from certificates import Certificates, make_certificates
from certified_provider import FOLDER, CertifiedProvider, certified_provider, real_browser
from server_process import ServerProcess, apply, company, resource, server_process

PROGRAM = Path(sys.executable).with_name("clawforge")


@dataclass
class Desk:
    """A person at a terminal: a home of their own, and the program."""

    home: Path
    server: ServerProcess
    provider: CertifiedProvider
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("CLAWFORGE_", "XDG_"))}
        own = {
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "SSL_CERT_FILE": str(self.provider.certificates.authority),
            "CLAWFORGE_SERVER": self.server.url,
            "CLAWFORGE_ORG": "acme",
            "NO_COLOR": "1",
            "CI": "true",
            "BROWSER": "/bin/false",
        }
        return {**kept, **own, **self.more}

    @property
    def sessions(self) -> Path:
        return self.home / "state" / "clawforge" / "sessions.json"

    def stored(self) -> dict[str, Any]:
        (session,) = json.loads(self.sessions.read_text())["sessions"]
        return dict(session)

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, **more}
        environment = {key: value for key, value in environment.items() if value}
        return subprocess.run(
            [PROGRAM, *arguments],
            env=environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    @contextmanager
    def signing_in(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """The program while it waits for the person."""
        process = subprocess.Popen(
            [PROGRAM, "login", *arguments],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        timer = threading.Timer(60, process.kill)
        timer.start()
        try:
            yield process
        finally:
            timer.cancel()
            process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()

    def sign_in(self, name: str = "dev", *arguments: str) -> tuple[int, str, str]:
        """Sign in through the browser under a name; the exit code, and what was printed before and after."""
        browser = self.provider.browser()
        with self.signing_in("--no-browser", *arguments) as process:
            url = first_address(process)
            page = browser.sign_in(url, name)
            out, err = process.communicate(timeout=60)
        browser.close()
        return process.returncode, out + err, page.text


def first_address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    read = ""
    for line in process.stderr:
        read += line
        if line.startswith("https://"):
            return line.strip()
    raise AssertionError(f"no address was printed: {read}")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def provider(certificates: Certificates) -> Iterator[CertifiedProvider]:
    with certified_provider(certificates) as provider:
        yield provider


@contextmanager
def control_plane(data: Path, provider: CertifiedProvider) -> Iterator[ServerProcess]:
    more = ("--issuer-ca", str(provider.certificates.authority), "--allow-private-issuers")
    with server_process(data, program=("-m", "clawforge_server", *more)) as server:
        with server.client() as client:
            sso = {"issuer": provider.url, "clientId": "clawforge-cli"}
            own = [item for item in company() if item["kind"] != "Organization"]
            org = resource("Organization", "acme", displayName="Acme", sso=sso, passwords={"enabled": True})
            apply(client, [org, *own])
        yield server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider: CertifiedProvider) -> Iterator[ServerProcess]:
    with control_plane(tmp_path_factory.mktemp("server") / "data", provider) as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path, server: ServerProcess, provider: CertifiedProvider) -> Desk:
    home = tmp_path / "home"
    home.mkdir()
    return Desk(home, server, provider)


def test_a_person_signs_in_through_the_browser_works_and_signs_out(desk: Desk) -> None:
    code, printed, page = desk.sign_in()
    assert code == 0, printed
    assert "as user:dev of acme" in printed
    assert "You can close this window" in page
    session = desk.stored()
    assert stat.S_IMODE(desk.sessions.stat().st_mode) == 0o600
    assert stat.S_IMODE(desk.sessions.parent.stat().st_mode) == 0o700
    assert session["tokens"]["access"] not in printed
    who = desk.run("whoami")
    assert who.returncode == 0, who.stderr
    assert "user:dev" in who.stdout
    out = desk.run("logout")
    assert (out.returncode, "Signed out user:dev" in out.stderr) == (0, True), out.stderr
    assert json.loads(desk.sessions.read_text())["sessions"] == []
    with desk.server.client(session["tokens"]["access"]) as client:
        assert client.get("/v1/orgs/acme/whoami").status_code == 401
    assert "login" in desk.run("whoami").stderr


def test_a_person_signs_in_with_a_real_browser(desk: Desk) -> None:
    chromium = real_browser()
    with desk.signing_in("--no-browser") as process:
        command = ["node", "browser.mjs", chromium, "dev", first_address(process)]
        seen = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False)
        assert seen.returncode == 0, seen.stderr
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    page = json.loads(seen.stdout)
    assert (page["path"], page["text"].splitlines()[0]) == ("/callback", "You can close this window")
    assert [line for line in page["complaints"] if "127.0.0.1" in line] == []
    assert desk.run("whoami").returncode == 0


def test_a_person_signs_in_on_another_device(desk: Desk) -> None:
    browser = desk.provider.browser()
    with desk.signing_in("--device", "--format", "json") as process:
        assert process.stderr is not None
        read = [process.stderr.readline() for _ in range(4)]
        address = next(part for line in read if line.startswith("Or open") for part in line.split() if "https" in part)
        assert re.fullmatch(r" {4}[A-Z]{4}-[A-Z]{4}\n", read[1])
        assert "Success" in browser.sign_in(address, "dev").text
        out, _ = process.communicate(timeout=60)
    browser.close()
    assert process.returncode == 0
    assert json.loads(out)["principal"] == "user:dev"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("unverified", "does not say that it verified"),
        ("second", "used by another account"),
        ("stranger", "declares no user"),
    ],
)
def test_somebody_who_may_not_be_told_why(desk: Desk, name: str, why: str) -> None:
    if name == "second":
        assert desk.sign_in()[0] == 0
        desk.run("logout")
    code, printed, _ = desk.sign_in(name)
    assert code == 1
    assert why in printed
    assert not desk.sessions.exists() or json.loads(desk.sessions.read_text())["sessions"] == []


def test_a_person_who_refuses_at_the_provider_is_not_signed_in(desk: Desk) -> None:
    with desk.signing_in("--no-browser") as process:
        url = first_address(process)
        query = httpx.URL(url).params
        answer = httpx.get(
            query["redirect_uri"],
            params={
                "error": "access_denied",
                "error_description": "canary\x1b[31m",
                "state": query["state"],
                "iss": desk.provider.url,
            },
            trust_env=False,
        )
        assert "command line says why" in answer.text
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "access_denied" in err
    assert "canary" not in err


def test_the_loopback_address_takes_nothing_but_the_one_answer(desk: Desk) -> None:
    with desk.signing_in("--no-browser") as process:
        query = httpx.URL(first_address(process)).params
        assert query["code_challenge_method"] == "S256"
        assert query["redirect_uri"].startswith("http://127.0.0.1:")
        home = query["redirect_uri"].removesuffix("/callback")
        right = {"code": "x", "state": query["state"], "iss": desk.provider.url}
        with httpx.Client(trust_env=False) as client:
            for path, params in [
                ("/", right),
                ("/callback", {**right, "state": "guessed"}),
                ("/callback", {"code": "x"}),
                ("/callback", {**right, "state": [query["state"], query["state"]]}),
            ]:
                assert client.get(f"{home}{path}", params=params).status_code == 404
            rebound = client.get(f"{home}/callback", params=right, headers={"Host": "attacker.example"})
            assert rebound.status_code == 404
            assert client.post(f"{home}/callback", data=right).status_code == 501
            assert process.poll() is None
            taken = client.get(f"{home}/callback", params={**right, "iss": "https://attacker.example"})
        assert taken.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in taken.headers["content-security-policy"]
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "another identity provider" in err


def expire(desk: Desk) -> None:
    """Make the stored access token look old, so that the next command prolongs the session."""
    document = json.loads(desk.sessions.read_text())
    for session in document["sessions"]:
        session["tokens"]["accessExpiresAt"] = "2026-01-01T00:00:00Z"
    desk.sessions.write_text(json.dumps(document))


def test_a_session_is_prolonged_silently_and_by_one_process_at_a_time(desk: Desk) -> None:
    assert desk.sign_in()[0] == 0
    for _ in range(2):
        expire(desk)
        before = desk.stored()["tokens"]
        runs = [
            subprocess.Popen(
                [PROGRAM, "whoami"],
                env=desk.environment,
                cwd=desk.home,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(5)
        ]
        assert [(run.communicate(timeout=60)[1], run.returncode) for run in runs] == [("", 0)] * 5
        after = desk.stored()["tokens"]
        assert after["access"] != before["access"]
        assert after["refresh"] != before["refresh"]
        assert stat.S_IMODE(desk.sessions.stat().st_mode) == 0o600


def test_signing_in_again_ends_the_session_before_also_when_its_access_token_ran_out(desk: Desk) -> None:
    assert desk.sign_in()[0] == 0
    before = desk.stored()
    expire(desk)
    assert desk.sign_in()[0] == 0
    after = desk.stored()
    with desk.server.client() as client:
        found = {item["id"]: item for item in client.get("/v1/orgs/acme/sessions").json()["sessions"]}
    assert found[after["session"]]["endedAt"] is None
    assert found[before["session"]]["endedAt"] is not None
    assert found[before["session"]]["endedBy"] == "user:dev", "left, and not taken for stolen"


def test_a_copied_session_is_noticed(desk: Desk) -> None:
    """Two homes with one refresh token: the second use ends the session for both."""
    assert desk.sign_in()[0] == 0
    expire(desk)
    stolen = desk.sessions.read_text()
    assert desk.run("whoami").returncode == 0
    desk.sessions.write_text(stolen)
    ended = desk.run("whoami")
    assert ended.returncode == 1
    assert "used twice" in ended.stderr
    assert json.loads(desk.sessions.read_text())["sessions"] == []


def test_a_token_of_the_environment_wins_over_the_session(desk: Desk) -> None:
    assert desk.sign_in()[0] == 0
    refused = desk.run("whoami", CLAWFORGE_TOKEN="cf_live_nothing")
    assert refused.returncode == 1
    assert "not valid" in refused.stderr


def test_a_project_s_file_chooses_among_sessions_and_decides_nothing_else(desk: Desk) -> None:
    """Decision 0015: whoever can change the file cannot have a token sent anywhere."""
    assert desk.sign_in()[0] == 0
    project = desk.home / "clawforge.yaml"
    text = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\nserver: {server}\n"
    project.write_text(text.format(server=desk.server.url))
    assert desk.run("log", CLAWFORGE_SERVER="").returncode in {0, 1}
    project.write_text(text.format(server="https://attacker.example"))
    led = desk.run("log", CLAWFORGE_SERVER="")
    assert led.returncode == 1
    assert "a file does not decide where tokens go" in led.stderr
    astray = desk.run("login", CLAWFORGE_SERVER="")
    assert "a file does not decide where tokens go" in astray.stderr


@pytest.mark.parametrize("spoil", ["readable", "link", "damaged", "giant"])
def test_a_session_file_that_others_could_have_read_or_written_is_not_used(desk: Desk, spoil: str) -> None:
    assert desk.sign_in()[0] == 0
    if spoil == "readable":
        desk.sessions.chmod(0o640)
    elif spoil == "link":
        desk.sessions.rename(desk.sessions.with_name("elsewhere"))
        desk.sessions.symlink_to("elsewhere")
    else:
        desk.sessions.write_text("{" if spoil == "damaged" else " " * 2_000_000)
    refused = desk.run("whoami")
    assert refused.returncode == 1
    assert "session file" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_address_moves_to_another_account_by_an_administrator_s_word(desk: Desk) -> None:
    assert desk.sign_in()[0] == 0
    moved = desk.run("user", "reset-identity", "dev", CLAWFORGE_TOKEN=desk.server.token)
    assert moved.returncode == 0, moved.stderr
    assert desk.run("whoami").returncode == 1, "the first one's session has ended"
    assert desk.sign_in("second")[0] == 0
    assert desk.run("user", "reset-identity", "dev", CLAWFORGE_TOKEN=desk.server.token).returncode == 0
    assert desk.run("logout", "--all").returncode == 0
    assert desk.sign_in()[0] == 0


def test_a_password_is_set_and_used_where_a_terminal_is(desk: Desk) -> None:
    code = desk.run("password", "reset", "dev", CLAWFORGE_TOKEN=desk.server.token)
    assert code.returncode == 0, code.stderr
    with desk.server.client() as client:
        body = {"code": code.stdout.strip(), "password": "correct horse battery staple"}
        assert client.post("/v1/passwords", json=body).status_code == 200
    for arguments in (("login", "--password"), ("password", "set")):
        refused = desk.run(*arguments)
        assert (refused.returncode, "nobody to ask" in refused.stderr) == (1, True)


def test_a_pipeline_signs_in_with_the_token_of_its_host(tmp_path: Path, certificates: Certificates) -> None:
    import datetime as dt

    from identity_issuer import running_issuer
    from sign_in_world import AUDIENCE, GITHUB_CLAIMS, GITHUB_SUBJECT

    with ExitStack() as stack:
        issuer = stack.enter_context(running_issuer(certificates, lambda: dt.datetime.now(dt.UTC)))
        more = ("--issuer-ca", str(certificates.authority), "--allow-private-issuers")
        server = stack.enter_context(server_process(tmp_path / "data", program=("-m", "clawforge_server", *more)))
        trust = {"issuer": issuer.url, "audience": AUDIENCE, "claims": {"repository_id": "74", "event_name": "push"}}
        spec = {"permissions": ["revisions:read"], "expires": "2099-01-01T00:00:00Z", "federated": trust}
        with server.client() as client:
            apply(client, [*company(), resource("ServiceAccount", "ci", **spec)])

        def token() -> str:
            return issuer.token(sub=GITHUB_SUBJECT, aud=AUDIENCE, **GITHUB_CLAIMS)

        fake = CertifiedProvider("", certificates, None)  # type: ignore[arg-type]
        home = tmp_path / "home"
        home.mkdir()
        gitlab = Desk(home, server, fake, {"CLAWFORGE_ID_TOKEN": token()})
        login = gitlab.run("login", "--federated", "ci")
        assert login.returncode == 0, login.stderr
        assert "service-account:ci" in login.stderr
        assert gitlab.run("whoami").returncode == 0
        issuer.documents[f"/request?x=1&audience={AUDIENCE.replace(':', '%3A').replace('/', '%2F')}"] = json.dumps(
            {"value": token()}
        ).encode()
        actions = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer.url}/request?x=1",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "runner-token",
        }
        github = Desk(home, server, fake, actions)
        login = github.run("login", "--federated", "ci", "--audience", AUDIENCE)
        assert login.returncode == 0, login.stderr
        replay = gitlab.run("login", "--federated", "ci")
        assert (replay.returncode, "used before" in replay.stderr) == (1, True)
        nowhere = Desk(home, server, fake).run("login", "--federated", "ci")
        assert "offers no identity token" in nowhere.stderr
        for text in (login.stderr, replay.stderr, server.log.read_text()):
            assert gitlab.more["CLAWFORGE_ID_TOKEN"] not in text
