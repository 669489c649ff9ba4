"""What the three clocks make of records that a real control plane would need weeks to have."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from clawforge.analysis.clocks import Reading
from clawforge.errors import InputError, UnavailableError
from clawforge.plan import Summary
from clawforge.resolve.subject import Subject
from clawforge.secret import Secret
from clawforge.wire import Revision, RevisionPage, StateAnswer
from clawforge.wire_asking import Acknowledgement
from clawforge.wire_enrollment import InstanceList, InstanceView
from clawforge_cli.asking_client import AskingClient
from clawforge_cli.settings import Connection
from clawforge_cli.three_clocks import PastCall, past_moment, read_clocks

START = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
DIGEST = "sha256:" + "0" * 64


def resource(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


class Records(AskingClient):
    """A control plane of which the records are known: a revision a day, the first of which allows everything."""

    def __init__(self, acknowledgement: Acknowledgement | None, owner: str = "dev", revisions: int = 3) -> None:
        super().__init__(Connection("http://localhost", Secret("x")), "acme")
        self.acknowledgement = acknowledgement
        self.owner = owner
        self.numbers = range(1, revisions + 1)
        self.asked: list[int] = []

    def revisions(self, org: str, *, before: int | None = None, limit: int = 50) -> RevisionPage:
        below = [number for number in reversed(self.numbers) if before is None or number < before]
        found = tuple(
            Revision(
                number=number,
                created_at=START + (number - 1) * DAY,
                actor="owner",
                source="policies",
                summary=Summary(),
                plan_id=f"plan-{number}",
                state_digest=DIGEST,
                change_digest=DIGEST,
            )
            for number in below[:limit]
        )
        return RevisionPage(revisions=found, next=found[-1].number if len(below) > limit else None)

    def state(self, revision: int) -> StateAnswer:
        self.asked.append(revision)
        policy = resource("Policy", "p", appliesTo={"tags": {"form": ["laptop"]}}, tools={"deny": ["exec"]})
        user = resource("User", "dev", email="dev@acme.example")
        open_base = resource("Policy", "all", appliesTo="everyone")
        resources = (user, open_base) if revision == 1 else (user, open_base, policy)
        return StateAnswer(org="acme", revision=revision, digest=DIGEST, resources=resources)

    def instances(self, state: Any = None) -> InstanceList:
        view = InstanceView(instance="lap-1", user=self.owner, tags={"form": "laptop"}, enrolled_at=START + DAY / 2)
        return InstanceList(instances=(view,))

    def acknowledged_at(self, instance: str, moment: dt.datetime) -> Acknowledgement | None:
        return self.acknowledgement


def readings(client: Records, at: dt.datetime, tmp_path: Path, user: str = "dev@acme.example") -> dict[str, Reading]:
    call = PastCall(Subject(user=user, instance="lap-1"), "exec", {"command": "ls"}, at)
    return {item.clock: item for item in read_clocks(tmp_path, lambda: client, call).readings}


def acknowledged(at: dt.datetime, revision: int | None = 1) -> Acknowledgement:
    return Acknowledgement(number=1, at=at, digest=DIGEST, revision=revision)


def test_the_tags_of_the_enrolment_decide_and_a_state_is_read_once(tmp_path: Path) -> None:
    client = Records(acknowledged(START + 2 * DAY, revision=3))
    found = readings(client, START + 3 * DAY, tmp_path)
    assert (found["server"].effect, found["instance"].effect) == ("deny", "deny")
    assert client.asked == [3]


def test_a_bundle_that_ran_out_denies_whatever_it_said(tmp_path: Path) -> None:
    client = Records(acknowledged(START + DAY))
    found = readings(client, START + 8 * DAY - dt.timedelta(seconds=1), tmp_path)
    assert found["instance"].effect == "allow"
    found = readings(client, START + 8 * DAY, tmp_path)
    assert (found["instance"].effect, found["instance"].decision) == ("deny", None)
    assert found["instance"].reason.startswith("By then that bundle had run out")


def test_what_is_of_no_known_revision_cannot_be_judged(tmp_path: Path) -> None:
    found = readings(Records(acknowledged(START + DAY, None)), START + 2 * DAY, tmp_path)
    assert (found["instance"].effect, found["instance"].source) == (None, DIGEST)


def test_nobody_s_instance_is_asked_about_as_another_s(tmp_path: Path) -> None:
    found = readings(Records(acknowledged(START + DAY), owner="eve"), START + 2 * DAY, tmp_path)
    assert {item.reason for clock, item in found.items() if clock != "git"} == {"The instance lap-1 belongs to eve."}


def test_revisions_are_searched_page_by_page(tmp_path: Path) -> None:
    client = Records(None, revisions=1_203)
    assert readings(client, START + 100 * DAY, tmp_path)["server"].source == "revision 101"
    assert readings(client, START, tmp_path)["server"].source == "revision 1"
    assert readings(client, START - DAY, tmp_path)["server"].effect is None


def test_a_control_plane_that_fails_in_between_fails_one_clock(tmp_path: Path) -> None:
    class Failing(Records):
        def state(self, revision: int) -> StateAnswer:
            raise UnavailableError("The control plane did not answer in time.")

    found = readings(Failing(None), START + 2 * DAY, tmp_path)
    assert found["server"].reason == "The control plane did not answer in time."
    assert found["instance"].reason == "It had acknowledged nothing yet."


def test_a_resource_of_a_newer_version_is_named(tmp_path: Path) -> None:
    class Newer(Records):
        def state(self, revision: int) -> StateAnswer:
            answer = super().state(revision)
            return answer.model_copy(update={"resources": (*answer.resources, {"kind": "Later"})})

    assert "cannot read a resource" in readings(Newer(None), START + 2 * DAY, tmp_path)["server"].reason


def test_only_the_past_can_be_asked_about() -> None:
    assert past_moment(START) == START
    for moment in (None, dt.datetime.now(dt.UTC) + DAY):
        with pytest.raises(InputError):
            past_moment(moment)
