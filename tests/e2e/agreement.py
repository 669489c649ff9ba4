"""Run with the installed program's interpreter: every user x tool, judged from the files, by the server, by an agent.

Arguments: the project and a scratch directory. Prints how many calls were compared; exits 1 at the first difference.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path

from clawforge.decide.catalogue import catalogue
from clawforge.decide.request import Decision
from clawforge.decide.simulate import Simulator
from clawforge.errors import UnavailableError
from clawforge.load.project import load_project
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.user import User
from clawforge.secret import Secret
from clawforge.wire import DecideRequest
from clawforge.wire_enrollment import EnrollmentRequest
from clawforge_cli.agent.asker import ask, question
from clawforge_cli.client import ControlPlane
from clawforge_cli.settings import Connection

CALLS = {"exec": [{"command": "git status"}, {"command": "git status; cat ~/.aws/credentials"}, {}]}


def main(project_path: Path, scratch: Path) -> int:
    project = load_project(project_path)
    simulator = Simulator(OrgModel(project.values), project.positions)
    url = os.environ["CLAWFORGE_SERVER"]
    plane = ControlPlane(Connection(url, Secret(os.environ["CLAWFORGE_TOKEN"])))
    compared = 0
    for user in (item for item in project.values if isinstance(item, User)):
        name = user.metadata.name
        if user.spec.state == "suspended":
            continue
        instance = f"machine-of-{name}"
        token = plane.mint_enrollment(project.file.org, EnrollmentRequest(user=name, instance=instance)).token
        state = scratch / name
        agent = [sys.executable, "-m", "clawforge_cli", "agent", "run", "--server", url, "--state", str(state)]
        environment = {**os.environ, "CLAWFORGE_ENROLL_TOKEN": token}
        process = subprocess.Popen(agent, env=environment, stderr=subprocess.DEVNULL)
        try:
            wait_for_policy(state)
            for tool in sorted(catalogue().tools):
                for params in CALLS.get(tool, [{}]):
                    moment = dt.datetime.now(dt.UTC)
                    subject = Subject(user=name, instance=instance)
                    files = simulator.judge(subject, tool, params, moment).decision
                    asked = DecideRequest(user=name, instance=instance, tool=tool, params=params, at=moment)
                    server = plane.decide(project.file.org, asked)
                    local = ask(state, question(tool, params))
                    if not verdict(files) == verdict(server) == verdict(local):
                        print(f"{name} {tool} {params}:\n{verdict(files)}\n{verdict(server)}\n{verdict(local)}")
                        return 1
                    compared += 1
        finally:
            process.terminate()
            process.wait(timeout=10)
    print(compared)
    return 0


def verdict(decision: Decision) -> tuple[object, ...]:
    """What must agree: effect, reasons with their places, and the policy that decided."""
    reasons = [(item.code, item.resource, item.path, item.position) for item in decision.reasons]
    return (decision.effect, reasons, decision.digest, decision.message)


def wait_for_policy(state: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if ask(state, question("session_status", {})).digest is not None:
                return
        except UnavailableError:
            pass
        time.sleep(0.05)
    raise SystemExit(f"the agent in {state} got no policy")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
