"""The certified OpenID provider in a process of its own, and people who sign in there without a browser."""

from __future__ import annotations

import html.parser
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from certificates import Certificates
from server_process import free_port

FOLDER = Path(__file__).parent / "oidc_provider"
_STEPS = 20


def need_provider() -> None:
    """Skip, loudly, on a developer's machine without npm; on a build machine its absence is a failure."""
    if (FOLDER / "node_modules" / "oidc-provider").is_dir():
        return
    _missing("the OpenID provider of the tests is not installed: run `make provider` (it needs node 20 and npm)")


@dataclass
class CertifiedProvider:
    """A running provider."""

    url: str
    certificates: Certificates
    process: subprocess.Popen[str]

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(10)

    def browser(self) -> Browser:
        """A person who starts without any cookie."""
        return Browser(ssl.create_default_context(cafile=str(self.certificates.authority)))


@contextmanager
def certified_provider(
    certificates: Certificates, *, kid: str = "first", alg: str = "RS256", port: int | None = None
) -> Iterator[CertifiedProvider]:
    """A provider with one key. Started again on the same port with another one, it has rotated its key."""
    need_provider()
    port = port or free_port()
    process = _started(certificates, port, kid, alg)
    try:
        yield CertifiedProvider(f"https://localhost:{port}", certificates, process)
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def _started(certificates: Certificates, port: int, kid: str, alg: str) -> subprocess.Popen[str]:
    """A provider that listens. A port that was just free may be taken for a moment by somebody's connection."""
    command = ["node", "provider.mjs", str(port), str(certificates.certificate), str(certificates.key), kid, alg]
    said: list[str] = []
    for _ in range(3):
        process = subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        timer = threading.Timer(30, process.kill)
        timer.start()
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if line.strip() == "ready":
                timer.cancel()
                return process
        timer.cancel()
        process.wait(10)
        process.stdout.close()
    raise AssertionError("the provider did not start: " + "".join(said)[-2000:])


@dataclass
class _Form(html.parser.HTMLParser):
    """The first form of a page."""

    action: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    done: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = values.get("action", "")
        elif tag == "input" and self.action is not None and not self.done and values.get("name"):
            self.fields[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.done = True


class Browser:
    """Follows redirects and submits forms, as a person who signs in under a name and agrees to everything."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._client = httpx.Client(verify=context, trust_env=False, timeout=20)

    def sign_in(self, url: str, name: str) -> httpx.Response:
        """The last page: that of the loopback address, or of the provider where nothing is left to do."""
        answer = self._client.get(url)
        for _ in range(_STEPS):
            if answer.is_redirect:
                answer = self._client.get(urljoin(str(answer.url), answer.headers["location"]))
                continue
            assert answer.status_code < 400, f"{answer.url}: {answer.text}"
            form = _Form()
            form.feed(answer.text)
            if form.action is None or urlsplit(str(answer.url)).hostname == "127.0.0.1":
                return answer
            fields = {**form.fields, **({"login": name, "password": "any"} if "login" in form.fields else {})}
            answer = self._client.post(urljoin(str(answer.url), form.action), data=fields)
        raise AssertionError(f"no end at {answer.url}")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def real_browser() -> str:
    """The path of a Chromium. Skips, loudly, on a developer's machine without one."""
    need_provider()
    named = os.environ.get("CHROMIUM")
    found = named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        _missing("there is no Chromium here for the one test that needs a real browser (name it in CHROMIUM)")
    return str(found)


def _missing(why: str) -> NoReturn:
    """Where all parts are required, a missing one is a failure."""
    if os.environ.get("SIGN_IN_PARTS") == "required":
        pytest.fail(why)
    pytest.skip(why)
