"""The control plane under a fleet: polls and heartbeats beside nginx, open streams, a kill switch, a large start.

Nothing here is a test: machines differ, and a ratio to nginx in the same run says more than a number. wrk, nginx and
the server share the cores. nginx and wrk are needed (on Debian and Ubuntu: apt-get install nginx-light wrk); without
them the parts that need none are measured all the same.

AGENTS (default 1000) agents poll and are told of the kill, STREAMS (default 10000) are open at once, ENROLLED (default
200000) are in the database at the start. SECONDS (default 5) is how long wrk asks each time.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from fleet_client import Streams, asked, rate
from fleet_world import Served, credential, fill, served

AGENTS = int(os.environ.get("AGENTS", "1000"))
STREAMS = int(os.environ.get("STREAMS", "10000"))
ENROLLED = int(os.environ.get("ENROLLED", "200000"))
POLL, HEARTBEAT = "/v1/agent/policy", "/v1/agent/heartbeat"
_HINT = """nginx and wrk are not both here, so rates are not measured.
On Debian and Ubuntu they are installed by: apt-get install nginx-light wrk"""
_NGINX = """daemon off; pid {folder}/pid; error_log {folder}/log; worker_processes auto;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; keepalive_requests 1000000000; client_body_temp_path {folder}/a;
proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
server {{ listen 127.0.0.1:{port}; root {folder}/www; }} }}
"""


def main() -> None:
    """Print tables."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, STREAMS + 1_000)), hard))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "data", AGENTS)
        with served(folder / "data") as server:
            if shutil.which("nginx") and shutil.which("wrk"):
                rates(server, folder)
            else:
                print(_HINT)
            asyncio.run(kills(server))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "data", max(ENROLLED, STREAMS))
        with served(folder / "data") as server:
            enrolled(server)
            asyncio.run(streams(server))


def rates(server: Served, folder: Path) -> None:
    """Requests a second, each beside nginx in the same minute, and what a request costs the processor."""
    tags = [asked(server, POLL, credential(number)).headers["etag"] for number in range(AGENTS)]
    many = folder / "many.lua"
    agents = ", ".join(f"{{{json.dumps(credential(number))}, '{tag}'}}" for number, tag in enumerate(tags))
    many.write_text(
        f"local agents = {{ {agents} }}\nlocal at = 0\nrequest = function()\n  at = at % {AGENTS} + 1\n"
        '  return wrk.format(nil, nil, {["Authorization"] = "Bearer " .. agents[at][1], '
        '["If-None-Match"] = agents[at][2]})\nend\n'
    )
    beat = folder / "beat.lua"
    body = '{"versions":{"host":"2026.9.6","plugin":"0.1.5"},"uptime":86400,"channels":{"slack":"ok"}}'
    beat.write_text(f'wrk.method = "POST"\nwrk.body = \'{body}\'\nwrk.headers["Content-Type"] = "application/json"\n')
    one = ["-H", f"Authorization: Bearer {credential(0)}"]
    token, effective, beat_path = server.plugin()
    asked(server, effective, token)
    plugin = ["-H", f"Authorization: Bearer {token}"]
    with static_file(folder) as (process, url):
        print(f"{'requests':<44}{'1/s':>10}{'of nginx':>10}{'us of processor':>17}")
        nginx = rate(process.pid, [url])
        print(f"{'nginx, a static file':<44}{nginx.per_second:>10.0f}{'100 %':>10}{nginx.microseconds:>17.1f}")
        rows = (
            ("policy poll, 304, one agent", [*one, "-H", f"If-None-Match: {tags[0]}", server.url + POLL]),
            (f"policy poll, 304, {AGENTS:,} agents in turn", ["-s", str(many), server.url + POLL]),
            ("heartbeat, one agent", [*one, "-s", str(beat), server.url + HEARTBEAT]),
            ("old plugin's policy", [*plugin, server.url + effective]),
            ("old plugin's heartbeat", [*plugin, server.url + beat_path]),
            ("health, through the whole application", [server.url + "/health"]),
        )
        for what, arguments in rows:
            found = rate(server.pid, arguments)
            share = f"{found.per_second / rate(process.pid, [url]).per_second:.0%}"
            print(f"{what:<44}{found.per_second:>10.0f}{share:>10}{found.microseconds:>17.1f}")


class static_file:
    """nginx serving a file of the size of a bundle, for the length of a block: its process and the file's address."""

    def __init__(self, folder: Path) -> None:
        (folder / "www").mkdir()
        (folder / "www" / "bundle").write_bytes(os.urandom(2_048))
        folder.chmod(0o755)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        (folder / "conf").write_text(_NGINX.format(folder=folder, port=port))
        self._command = ["nginx", "-c", str(folder / "conf")]
        self._url = f"http://127.0.0.1:{port}/bundle"

    def __enter__(self) -> tuple[subprocess.Popen[bytes], str]:
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        while True:
            try:
                urllib.request.urlopen(self._url, timeout=5).read()
                return self._process, self._url
            except OSError:
                if self._process.poll() is not None:
                    raise SystemExit("nginx does not start.") from None
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


async def kills(server: Served) -> None:
    """From the request that turns a kill switch on until each of the agents has its event."""
    async with Streams(server, AGENTS) as open_streams:
        print(f"\n{f'a kill switch, {AGENTS:,} agents listening':<44}{'p50 ms':>10}{'p99 ms':>10}{'last ms':>10}")
        for turn in range(3):
            began = time.perf_counter()
            await asyncio.to_thread(server.kill, turn)
            heard = (await open_streams.next()).values()
            assert {name for name, _ in heard} == {"kill"}, heard
            spent = sorted(at - began for _, at in heard)
            p50, p99 = spent[len(spent) // 2], spent[len(spent) * 99 // 100]
            print(f"{f'time {turn + 1}':<44}{p50 * 1e3:>10.0f}{p99 * 1e3:>10.0f}{spent[-1] * 1e3:>10.0f}")


def enrolled(server: Served) -> None:
    """How long a start takes, and what it costs, with so many instances."""
    first = time.perf_counter()
    asked(server, POLL, credential(0))
    first = time.perf_counter() - first
    print(f"\n{f'{ENROLLED:,} enrolled instances':<44}")
    print(f"{'  start-up until it answers':<44}{server.started:>10.2f} s")
    print(f"{'  first policy':<44}{first:>10.2f} s")
    print(f"{'  memory':<44}{server.mebibytes():>10.0f} MiB")
    began, sample = time.perf_counter(), range(0, ENROLLED, max(1, ENROLLED // 2_000))
    for number in sample:
        asked(server, POLL, credential(number))
    each = (time.perf_counter() - began) / len(sample)
    print(
        f"{'  a first poll of one more':<44}{each * 1e3:>10.2f} ms, {server.mebibytes():.0f} MiB after {len(sample):,}"
    )


async def streams(server: Served) -> None:
    """What open streams cost."""
    before = server.mebibytes()
    began = time.perf_counter()
    async with Streams(server, STREAMS):
        spent = time.perf_counter() - began
        grown = server.mebibytes() - before
        busy = server.processor()
        await asyncio.sleep(10)
        idle = (server.processor() - busy) / 10
        print(f"\n{f'{STREAMS:,} open streams':<44}")
        print(f"{'  opening them':<44}{spent:>10.2f} s")
        print(f"{'  memory':<44}{grown:>10.0f} MiB more, {server.mebibytes():.0f} MiB in all")
        print(f"{'  processor while nothing happens':<44}{idle:>10.1%}")


if __name__ == "__main__":
    sys.exit(main())
