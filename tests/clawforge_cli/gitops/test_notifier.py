"""Notices arrive, signed and once each as far as anybody can tell; the log says what became of them, and no secret."""

from __future__ import annotations

import base64
import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import Certificates, make_certificates
from hook_receiver import Receiver, receiving
from pydantic import TypeAdapter

from clawforge.errors import InputError
from clawforge.reconcile.notice import Notice, NoticeKind, NoticeSeverity
from clawforge.reconcile.notify_settings import Route
from clawforge.secret import Secret
from clawforge.webhook.signature import check_standard
from clawforge_cli.gitops.delivery_log import DELIVERIES, Delivery, DeliveryLog
from clawforge_cli.gitops.egress import Answered, Egress, EgressError, Outgoing, Way
from clawforge_cli.gitops.metrics import Metrics
from clawforge_cli.gitops.notifier import Notifier
from clawforge_cli.gitops.route_worker import MOST_WAITING, Patience

SECRET = "whsec_" + base64.b64encode(b"CANARY-of-the-secret-that-signs!").decode()
TOKEN = "CANARY-token-of-the-forge"
COMMIT = "59b20b8d5c6ff8d09518216e87b7e28e7ba5b3f1"
NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
ROUTE: TypeAdapter[Route] = TypeAdapter(Route)
QUICK = Patience(first=0.01)


def notice(kind: NoticeKind = NoticeKind.COMMIT_APPLIED, **changes: Any) -> Notice:
    fields: dict[str, Any] = {
        "kind": kind,
        "severity": NoticeSeverity.INFO,
        "org": "acme",
        "source": "prod",
        "at": NOON,
        "title": "59b20b8 is applied as revision 7",
        "commit": COMMIT,
        "revision": 7,
        "url": "https://forge.example/plans/1",
    }
    return Notice(**(fields | changes))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def receiver(certificates: Certificates) -> Iterator[Receiver]:
    with receiving(certificates) as receiver:
        yield receiver


@pytest.fixture
def folder(tmp_path: Path, certificates: Certificates, receiver: Receiver) -> Path:
    """Where the secrets of the routes are."""
    (tmp_path / "authority.pem").write_bytes(certificates.authority.read_bytes())
    (tmp_path / "secret").write_text(SECRET + "\n")
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "chat").write_text(f"{receiver.url}/services/T0/B0/CANARY-of-the-address")
    return tmp_path


def route(name: str, **settings: Any) -> Route:
    here = {"name": name, "reach": "loopback", "authorities": "authority.pem"}
    return ROUTE.validate_json(json.dumps(here | settings), strict=True)


def webhook(receiver: Receiver, **settings: Any) -> Route:
    secret = {"secretRef": {"file": "secret"}}
    return route("hook", type="webhook", url=f"{receiver.url}/in", secret=secret, **settings)


def chat(kind: str) -> Route:
    return route(kind, type=kind, url={"secretRef": {"file": "chat"}})


def status(receiver: Receiver, forge: str, **settings: Any) -> Route:
    token = {"secretRef": {"file": "token"}}
    more = {"forge": forge, "api": f"{receiver.url}/api", "project": "acme/policies", "token": token}
    return route("status", type="commitStatus", **(more | settings))


def notifier(folder: Path, *routes: Route, **more: Any) -> Notifier:
    settings = {"metrics": Metrics(), "patience": QUICK} | more
    return Notifier(routes, directory=folder, state=folder, **settings)


def delivery(detail: str) -> Delivery:
    return Delivery(
        id="msg_1",
        at=NOON,
        source="prod",
        route="hook",
        to="localhost",
        kind="test",
        status="failed",
        attempts=4,
        detail=detail,
    )


def deliveries(folder: Path) -> tuple[Delivery, ...]:
    return DeliveryLog(folder).read(1_000)


def test_a_webhook_arrives_signed_as_the_standard_says(folder: Path, receiver: Receiver) -> None:
    with notifier(folder, webhook(receiver), clock=lambda: NOON) as telling:
        telling.tell(notice(text="Policy/eng: 2 people lose exec"))
        receiver.wait()
    (request,) = receiver.requests
    seconds = NOON.timestamp()
    headers = request.headers
    identity = check_standard(
        headers["webhook-id"],
        headers["webhook-timestamp"],
        headers["webhook-signature"],
        request.body,
        Secret(SECRET),
        seconds,
    )
    document = json.loads(request.body)
    assert (document["type"], document["timestamp"]) == ("commit.applied", "2026-11-20T12:00:00Z")
    assert document["data"] == {
        "severity": "info",
        "org": "acme",
        "source": "prod",
        "title": "59b20b8 is applied as revision 7",
        "text": "Policy/eng: 2 people lose exec",
        "commit": COMMIT,
        "revision": 7,
        "url": "https://forge.example/plans/1",
    }
    (one,) = deliveries(folder)
    assert (one.id, one.status, one.attempts, one.to) == (identity, "delivered", 1, "localhost")


def test_what_fails_is_tried_again_under_the_same_id(folder: Path, receiver: Receiver) -> None:
    receiver.answers += [(500, {}, b""), (429, {"Retry-After": "0"}, b""), (503, {}, b"")]
    moments = iter(NOON + dt.timedelta(seconds=second) for second in range(100))
    with notifier(folder, webhook(receiver), clock=lambda: next(moments)) as telling:
        telling.tell(notice())
        receiver.wait(4)
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    # Each attempt is dated anew: else a late one would look like a replay.
    assert len({request.headers["webhook-signature"] for request in receiver.requests}) == 4
    (one,) = deliveries(folder)
    assert (one.status, one.attempts, one.detail) == ("delivered", 4, "HTTP 200")


def test_what_fails_for_good_is_in_the_log(folder: Path, receiver: Receiver) -> None:
    receiver.answers += [(500, {}, b"CANARY of the answer")] * 4
    metrics = Metrics()
    with notifier(folder, webhook(receiver), metrics=metrics) as telling:
        telling.tell(notice())
        receiver.wait(4)
    (one,) = deliveries(folder)
    assert (one.status, one.attempts, one.detail) == ("failed", 4, "HTTP 500")
    counted = 'clawforge_notifications_total{source="prod",route="hook",result="failed"} 1\n'
    assert counted in metrics.text()


@pytest.mark.parametrize("code", [400, 401, 404, 410, 301])
def test_what_is_refused_is_not_tried_again(folder: Path, receiver: Receiver, code: int) -> None:
    receiver.answers.append((code, {"Location": receiver.url}, b""))
    with notifier(folder, webhook(receiver)) as telling:
        telling.tell(notice())
        receiver.wait()
    (one,) = deliveries(folder)
    assert (one.status, one.attempts) == ("refused", 1)
    assert len(receiver.requests) == 1


def test_slack_gets_blocks_in_which_nothing_acts(folder: Path, receiver: Receiver) -> None:
    bad = "<!channel> *bold* <https://evil.example|here> & \u202e"
    with notifier(folder, chat("slack")) as telling:
        telling.tell(notice(title=bad, text=f"line one\n{bad}"))
        receiver.wait()
    (request,) = receiver.requests
    assert request.path == "/services/T0/B0/CANARY-of-the-address"
    document = json.loads(request.body)
    shown = "<!channel> *bold* <https://evil.example|here> & \\u{202e}"
    assert document["text"] == "&lt;!channel&gt; *bold* &lt;https://evil.example|here&gt; &amp; \\u{202e}"
    plain = {"type": "plain_text", "emoji": False}
    assert document["blocks"][:2] == [
        {"type": "header", "text": plain | {"text": shown}},
        {"type": "section", "text": plain | {"text": f"line one\n{shown}"}},
    ]
    facts = "Event commit.applied · Severity info · Org acme · Source prod · Commit 59b20b8d5c6f · Revision 7"
    assert document["blocks"][2] == {"type": "context", "elements": [plain | {"text": facts}]}
    link = {"type": "mrkdwn", "text": "<https://forge.example/plans/1|Show it>"}
    assert document["blocks"][3] == {"type": "section", "text": link}


def test_a_link_in_slack_cannot_be_ended_early(folder: Path, receiver: Receiver) -> None:
    with notifier(folder, chat("slack")) as telling:
        telling.tell(notice(url="https://forge.example/a|b>*c*<!here>&d"))
        receiver.wait()
    text = json.loads(receiver.requests[0].body)["blocks"][-1]["text"]["text"]
    assert text == "<https://forge.example/a%7Cb&gt;*c*&lt;!here&gt;&amp;d|Show it>"


def test_teams_gets_a_card_of_plain_runs(folder: Path, receiver: Receiver) -> None:
    with notifier(folder, chat("teams")) as telling:
        telling.tell(
            notice(
                title="[x](https://evil.example) {{{DATE(2026)}}", text="a\n\n**b**", severity=NoticeSeverity.WARNING
            )
        )
        receiver.wait()
    document = json.loads(receiver.requests[0].body)
    (attachment,) = document["attachments"]
    card = attachment["content"]
    assert (document["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    runs = [run for block in card["body"] for run in block["inlines"]]
    assert {run["type"] for run in runs} == {"TextRun"}
    assert [run["text"] for run in runs][:3] == ["[x](https://evil.example) { { {DATE(2026)}}", "a", "**b**"]
    assert runs[0]["color"] == "Warning"
    assert card["actions"] == [
        {"type": "Action.OpenUrl", "title": "Show it", "url": "https://forge.example/plans/1"},
    ]


STATUSES = {
    "github": (f"/api/repos/acme/policies/statuses/{COMMIT}", "authorization", f"Bearer {TOKEN}"),
    "gitlab": (f"/api/projects/acme%2Fpolicies/statuses/{COMMIT}", "private-token", TOKEN),
    "gitea": (f"/api/repos/acme/policies/statuses/{COMMIT}", "authorization", f"token {TOKEN}"),
    "forgejo": (f"/api/repos/acme/policies/statuses/{COMMIT}", "authorization", f"token {TOKEN}"),
    "bitbucket": (
        f"/api/repositories/acme/policies/commit/{COMMIT}/statuses/build",
        "authorization",
        f"Bearer {TOKEN}",
    ),
}
STATES = {
    "github": ["pending", "failure", "success"],
    "gitlab": ["pending", "failed", "success"],
    "gitea": ["pending", "failure", "success"],
    "forgejo": ["pending", "failure", "success"],
    "bitbucket": ["INPROGRESS", "FAILED", "SUCCESSFUL"],
}


@pytest.mark.parametrize("forge", sorted(STATUSES))
def test_a_commit_gets_its_status_at_the_forge(folder: Path, receiver: Receiver, forge: str) -> None:
    with notifier(folder, status(receiver, forge)) as telling:
        telling.tell(notice(NoticeKind.COMMIT_WAITING))
        telling.tell(notice(NoticeKind.COMMIT_REFUSED, title="x" * 190))
        telling.tell(notice(url=None))
        telling.tell(notice(NoticeKind.SOURCE_FAILED, commit=None))
        receiver.wait(3)
    path, header, value = STATUSES[forge]
    assert {request.path for request in receiver.requests} == {path}
    assert {request.headers[header] for request in receiver.requests} == {value}
    bodies = [json.loads(request.body) for request in receiver.requests]
    assert [body["state"] for body in bodies] == STATES[forge]
    named = {body.get("context", body.get("name")) for body in bodies}
    assert named == {"clawforge/prod"}
    assert all(len(body["description"]) <= 140 for body in bodies)
    link = "url" if forge == "bitbucket" else "target_url"
    assert bodies[0][link] == "https://forge.example/plans/1"
    without = f"https://bitbucket.org/acme/policies/commits/{COMMIT}" if forge == "bitbucket" else None
    assert bodies[2].get(link) == without


def test_a_long_context_stays_apart_from_others_at_bitbucket(folder: Path, receiver: Receiver) -> None:
    """Its key holds 40 characters; two names that begin alike must not replace one another's status."""
    for end in ("one", "two"):
        with notifier(folder, status(receiver, "bitbucket", context="clawforge/" + "x" * 60 + end)) as telling:
            telling.tell(notice())
            receiver.wait()
    keys = {json.loads(request.body)["key"] for request in receiver.requests}
    assert len(keys) == 2
    assert all(len(key) <= 40 for key in keys)


def test_gitlab_s_refusal_to_change_nothing_is_no_failure(folder: Path, receiver: Receiver) -> None:
    body = b'{"message":"Cannot transition status via :enqueue from :pending"}'
    receiver.answers += [(400, {}, body), (400, {}, b'{"message":"bad"}')]
    with notifier(folder, status(receiver, "gitlab")) as telling:
        telling.tell(notice(NoticeKind.COMMIT_SEEN))
        telling.tell(notice(NoticeKind.COMMIT_SEEN))
        receiver.wait(2)
    assert [one.status for one in deliveries(folder)] == ["delivered", "refused"]


def test_a_route_takes_what_it_asked_for(receiver: Receiver) -> None:
    picky = webhook(receiver, events=["commit.*", "drift.found"], minSeverity="warning")
    warning = NoticeSeverity.WARNING
    assert picky.takes(notice(NoticeKind.COMMIT_REFUSED, severity=NoticeSeverity.ERROR))
    assert picky.takes(notice(NoticeKind.DRIFT_FOUND, severity=warning))
    assert not picky.takes(notice(NoticeKind.DRIFT_CORRECTED, severity=warning))
    assert not picky.takes(notice(NoticeKind.COMMIT_APPLIED))
    assert picky.takes(notice(NoticeKind.TEST))


def test_no_secret_is_in_the_log_nor_in_an_error(folder: Path, receiver: Receiver) -> None:
    receiver.answers += [(500, {}, b"CANARY"), (302, {"Location": "https://CANARY.example"}, b"")]
    routes = (webhook(receiver), chat("slack"), chat("teams"), status(receiver, "github"))
    with notifier(folder, *routes) as telling:
        for _ in range(3):
            telling.tell(notice())
        receiver.wait(12)
    log = (folder / DELIVERIES).read_text()
    assert len(log.splitlines()) == 12
    assert "CANARY" not in log
    assert SECRET not in log
    assert (folder / DELIVERIES).stat().st_mode & 0o777 == 0o600
    (folder / "chat").write_text("gopher://CANARY.example/")
    with pytest.raises(InputError) as caught:
        notifier(folder, chat("slack"))
    assert "CANARY" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize("text", ["CANARY not of this form", "whsec_CANARY"])
def test_a_secret_of_another_form_is_refused_at_the_start(folder: Path, receiver: Receiver, text: str) -> None:
    (folder / "secret").write_text(text)
    with pytest.raises(InputError, match="whsec_") as caught:
        notifier(folder, webhook(receiver))
    assert "CANARY" not in str(caught.value)


class Stuck(Egress):
    """An egress that reaches nobody until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.release = threading.Event()

    def post(self, request: Outgoing, way: Way) -> Answered:
        """Hangs."""
        self.entered.set()
        self.release.wait(20)
        raise EgressError("no answer in time", again=True)


def test_telling_never_waits_and_what_waits_is_bounded(folder: Path, receiver: Receiver) -> None:
    stuck = Stuck()
    telling = notifier(folder, webhook(receiver), egress=stuck)
    telling.tell(notice())
    assert stuck.entered.wait(10)
    for _ in range(MOST_WAITING + 10):
        telling.tell(notice())
    dropped = deliveries(folder)
    assert [(item.status, item.attempts) for item in dropped] == [("dropped", 0)] * 10
    telling.close(0)
    # What waited, and what was in hand: nothing disappears without a line.
    assert len(deliveries(folder)) == MOST_WAITING + 11
    assert {item.status for item in deliveries(folder)} == {"dropped"}
    stuck.release.set()


def test_closing_sends_what_waits_and_does_not_try_again(folder: Path, receiver: Receiver) -> None:
    receiver.answers += [(500, {}, b"")]
    patient = notifier(folder, webhook(receiver), patience=Patience(first=900, most=900))
    patient.tell(notice())
    patient.tell(notice())
    receiver.wait()
    patient.close(10)
    assert [(item.status, item.attempts) for item in deliveries(folder)] == [("failed", 1), ("delivered", 1)]


def test_one_route_that_hangs_delays_no_other(folder: Path, receiver: Receiver, certificates: Certificates) -> None:
    stuck, gone = threading.Event(), "https://localhost:1/"

    class Half(Egress):
        def post(self, request: Outgoing, way: Way) -> Answered:
            if request.url.reveal() == gone:
                stuck.wait(20)
            return super().post(request, way)

    (folder / "gone").write_text(gone)
    hanging = route("hanging", type="slack", url={"secretRef": {"file": "gone"}})
    telling = notifier(folder, hanging, webhook(receiver), egress=Half())
    telling.tell(notice())
    receiver.wait()
    stuck.set()
    telling.close()


def test_a_defect_in_one_notice_does_not_silence_the_route(folder: Path, receiver: Receiver) -> None:
    class Defective(Egress):
        def __init__(self) -> None:
            super().__init__()
            self.calls = 0

        def post(self, request: Outgoing, way: Way) -> Answered:
            self.calls += 1
            if self.calls == 1:
                raise KeyError("CANARY")
            return super().post(request, way)

    with notifier(folder, webhook(receiver), egress=Defective()) as telling:
        telling.tell(notice())
        telling.tell(notice())
        receiver.wait()
    assert [item.status for item in deliveries(folder)] == ["failed", "delivered"]
    assert "CANARY" not in (folder / DELIVERIES).read_text()


def test_a_log_that_cannot_be_written_stops_nothing(folder: Path, receiver: Receiver) -> None:
    (folder / DELIVERIES).mkdir()
    with notifier(folder, webhook(receiver)) as telling:
        telling.tell(notice())
        receiver.wait()


def test_pauses_grow_and_are_bounded() -> None:
    patience = Patience(first=2, most=60)
    assert all(0 <= patience.pause(1, None) <= 2 for _ in range(200))
    assert max(patience.pause(3, None) for _ in range(500)) > 4
    assert all(patience.pause(9, None) <= 60 for _ in range(200))
    assert patience.pause(1, 30) == 30
    assert patience.pause(1, 86_400) == 60


def test_the_log_is_bounded_and_survives_a_torn_line(tmp_path: Path) -> None:
    log = DeliveryLog(tmp_path)
    line = delivery("x" * 800)
    for _ in range(3_000):
        log.write(line)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert sum(sizes) < 2 * (1024 * 1024 + 2_000)
    with (tmp_path / DELIVERIES).open("ab") as stream:
        stream.write(b'{"id":"msg_2","at":')
    assert log.read(5) == (line,) * 5
    assert len(log.read(10_000)) > 1_000


def test_several_processes_write_one_log(tmp_path: Path) -> None:
    """Each with a lock of its own, as processes have."""
    line = delivery("y" * 3_000)

    def write() -> None:
        log = DeliveryLog(tmp_path)
        for _ in range(120):
            log.write(line)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert all(json.loads(text)["id"] == "msg_1" for text in data.splitlines())
    assert len(data.splitlines()) == 480


def test_nothing_is_started_for_a_route_that_has_nothing_to_say(folder: Path, receiver: Receiver) -> None:
    before = threading.active_count()
    telling = notifier(folder, status(receiver, "github"))
    telling.tell(notice(NoticeKind.SOURCE_FAILED, commit=None))
    assert threading.active_count() == before
    began = time.monotonic()
    telling.close(60)
    assert time.monotonic() - began < 30
