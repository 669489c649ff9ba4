"""Webhooks: the published vectors hold, what is genuine is read, and whatever is changed is refused."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import forge_hooks
import orjson
import pytest
from forge_hooks import COMMIT, EVERY_SENDER, NOW, SECRET, SIGNING_SECRET, SentHook
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.errors import InputError, UnauthenticatedError
from clawforge.reconcile.hook_settings import HookProvider
from clawforge.secret import Secret
from clawforge.webhook.genuine import signed_push
from clawforge.webhook.push import HookEvent, Push
from clawforge.webhook.signature import TOLERANCE, standard_key, standard_signature

Sender = Callable[..., SentHook]

SIGNATURES = {
    "github": "x-hub-signature-256",
    "gitlab": "x-gitlab-token",
    "gitlab_signed": "webhook-signature",
    "gitea": "x-gitea-signature",
    "forgejo": "x-forgejo-signature",
    "bitbucket": "x-hub-signature",
    "bitbucket_data_center": "x-hub-signature",
    "standard": "webhook-signature",
}
SIGNING = tuple(sender for sender in EVERY_SENDER if sender is not forge_hooks.gitlab)
DATED = (forge_hooks.gitlab_signed, forge_hooks.standard)


def judged(hook: SentHook, *, now: float = NOW, **headers: str) -> Push:
    return signed_push(hook.provider, hook.headers | headers, hook.body, Secret(hook.secret), now)


def test_github_s_published_vector_holds() -> None:
    """From GitHub's page about validating deliveries. The body is no JSON, which is said only once it is genuine."""
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"x-hub-signature-256": signature, "x-github-event": "push"}
    with pytest.raises(InputError, match="no JSON"):
        signed_push(HookProvider.GITHUB, headers, b"Hello, World!", Secret(SECRET), NOW)
    with pytest.raises(UnauthenticatedError):
        signed_push(HookProvider.GITHUB, headers, b"Hello, World?", Secret(SECRET), NOW)


def test_the_vector_of_standard_webhooks_holds() -> None:
    """From the reference implementations of standardwebhooks.com."""
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    identity, moment, body = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert standard_signature(identity, moment, body, secret) == signature
    headers = {"webhook-id": identity, "webhook-timestamp": str(moment), "webhook-signature": f"v1,AAAA {signature}"}
    push = signed_push(HookProvider.STANDARD, headers, body, secret, moment + 1)
    assert (push.delivery, push.event, push.refs) == (identity, HookEvent.PUSH, None)


@pytest.mark.parametrize("sender", EVERY_SENDER)
def test_a_push_wakes_who_follows_its_branch(sender: Sender) -> None:
    push = judged(sender("release/1.x"))
    assert push.wakes("release/1.x")
    assert not push.wakes("main")
    assert push.commit == COMMIT
    assert "acme/policies" in push.repositories[0] or "policies.git" in push.repositories[0]


@pytest.mark.parametrize(
    "hook",
    [
        forge_hooks.github(event="ping"),
        forge_hooks.github(event="issues"),
        forge_hooks.gitlab(event="tag_push"),
        forge_hooks.gitlab_signed(event="note"),
        forge_hooks.gitea(event="release"),
        forge_hooks.forgejo(event="issues"),
        forge_hooks.bitbucket(event="pullrequest:created"),
        forge_hooks.bitbucket_data_center(event="diagnostics:ping"),
        forge_hooks.standard(event="ping"),
    ],
    ids=lambda hook: hook.provider,
)
def test_what_is_no_push_wakes_nobody(hook: SentHook) -> None:
    assert not judged(hook).wakes("main")


def test_a_deleted_branch_is_looked_at_too() -> None:
    """That the branch is gone is found out by looking, and told then."""
    body = b'{"push": {"changes": [{"new": null, "old": {"type": "branch", "name": "main"}}]}}'
    signed = forge_hooks.SentHook(
        HookProvider.BITBUCKET, SECRET, {"x-event-key": "repo:push", "x-hub-signature": _sha(body)}, body
    )
    push = judged(signed)
    assert push.wakes("main")
    assert push.commit is None


@pytest.mark.parametrize("sender", SIGNING)
@settings(max_examples=30)
@given(data=st.data())
def test_a_changed_byte_of_the_body_is_refused(sender: Sender, data: st.DataObject) -> None:
    hook = sender()
    place = data.draw(st.integers(0, len(hook.body) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != hook.body[place]))
    changed = hook.body[:place] + bytes([byte]) + hook.body[place + 1 :]
    with pytest.raises(UnauthenticatedError):
        signed_push(hook.provider, hook.headers, changed, Secret(hook.secret), NOW)


@pytest.mark.parametrize("sender", EVERY_SENDER)
@settings(max_examples=30)
@given(data=st.data())
def test_a_changed_character_of_the_signature_is_refused(sender: Sender, data: st.DataObject) -> None:
    hook = sender()
    header = SIGNATURES[sender.__name__]
    good = hook.headers[header]
    place = data.draw(st.integers(0, len(good) - 1))
    mark = data.draw(st.characters().filter(lambda value: value != good[place]))
    with pytest.raises(UnauthenticatedError):
        judged(hook, **{header: good[:place] + mark + good[place + 1 :]})


@pytest.mark.parametrize("sender", EVERY_SENDER)
def test_a_signature_of_another_length_or_none_is_refused(sender: Sender) -> None:
    hook = sender()
    header = SIGNATURES[sender.__name__]
    good = hook.headers[header]
    for bad in ("", good[:-1], good + "0", good * 2, f"{good}, x", "sha256=", "v1,", "\x00", "é" * 64):
        with pytest.raises(UnauthenticatedError):
            judged(hook, **{header: bad})
    without = {name: value for name, value in hook.headers.items() if name != header}
    if sender is forge_hooks.forgejo:
        del without["x-gitea-signature"]
    with pytest.raises(UnauthenticatedError):
        signed_push(hook.provider, without, hook.body, Secret(hook.secret), NOW)
    with pytest.raises(UnauthenticatedError):
        signed_push(hook.provider, hook.headers, hook.body, Secret(hook.secret[:-2] + "x="), NOW)


def test_a_check_of_fewer_bytes_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant: who compares the beginnings lets a changed signature through, and then the test above fails."""
    hook = forge_hooks.github()
    signature = hook.headers["x-hub-signature-256"][:-1] + "x"
    monkeypatch.setattr(hmac, "compare_digest", lambda left, right: left[:40] == right[:40])
    assert judged(hook, **{"x-hub-signature-256": signature}).wakes("main")


def test_forgejo_s_bad_signature_is_not_rescued_by_gitea_s_good_one() -> None:
    with pytest.raises(UnauthenticatedError):
        judged(forge_hooks.forgejo(), **{"x-forgejo-signature": "0" * 64})


def test_the_older_signature_of_github_is_not_enough() -> None:
    hook = forge_hooks.github()
    headers = {"x-github-event": "push", "x-hub-signature": hook.headers["x-hub-signature-256"]}
    with pytest.raises(UnauthenticatedError):
        signed_push(hook.provider, headers, hook.body, Secret(hook.secret), NOW)


def test_a_signing_token_of_gitlab_is_never_merely_compared() -> None:
    """Else who left the signature out, and sent the token that a log may hold, would get through."""
    hook = forge_hooks.gitlab_signed()
    headers = {"x-gitlab-event": "Push Hook", "x-gitlab-token": SIGNING_SECRET}
    with pytest.raises(UnauthenticatedError):
        signed_push(hook.provider, headers, hook.body, Secret(hook.secret), NOW)


@pytest.mark.parametrize("sender", DATED)
@pytest.mark.parametrize(("late", "good"), [(TOLERANCE, True), (-TOLERANCE, True), (301, False), (-301, False)])
def test_a_dated_webhook_counts_for_five_minutes(sender: Sender, late: int, good: bool) -> None:
    hook = sender()
    if good:
        assert judged(hook, now=NOW + late).wakes("main")
    else:
        with pytest.raises(UnauthenticatedError):
            judged(hook, now=NOW + late)


@pytest.mark.parametrize("bad", ["", "now", "-1", "1e9", f"{NOW}.0", f"0{NOW}", f" {NOW}", "9" * 400, "١٢٣"])
@pytest.mark.parametrize("sender", DATED)
def test_a_date_that_is_none_is_refused(sender: Sender, bad: str) -> None:
    with pytest.raises(UnauthenticatedError):
        judged(sender(), **{"webhook-timestamp": bad})


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "whsec_%%%%", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_a_secret_of_standard_webhooks_has_its_form(secret: str) -> None:
    with pytest.raises(InputError, match="whsec_") as caught:
        standard_key(Secret(secret))
    assert "openssl" in caught.value.hint


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"1",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"ref": NaN}',
    ],
)
def test_a_genuine_webhook_that_is_no_document_is_said_to_be_none(body: bytes) -> None:
    headers = {"x-github-event": "push", "x-hub-signature-256": _sha(body)}
    with pytest.raises(InputError, match="JSON"):
        signed_push(HookProvider.GITHUB, headers, body, Secret(SECRET), NOW)


def test_a_form_is_refused_with_what_to_change() -> None:
    body = b"payload=%7B%7D"
    headers = {"x-hub-signature-256": _sha(body), "content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    with pytest.raises(InputError, match="form") as caught:
        signed_push(HookProvider.GITHUB, headers, body, Secret(SECRET), NOW)
    assert "application/json" in caught.value.hint


NAMES = st.sampled_from(
    [
        "ref",
        "after",
        "repository",
        "project",
        "push",
        "changes",
        "new",
        "old",
        "name",
        "type",
        "target",
        "hash",
        "links",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("provider", [HookProvider.GITHUB, HookProvider.GITEA, HookProvider.BITBUCKET])
@settings(max_examples=25)
@given(document=st.dictionaries(NAMES, JSON, max_size=4))
def test_whatever_a_genuine_webhook_holds_it_is_read(provider: HookProvider, document: dict[str, object]) -> None:
    body = orjson.dumps(document)
    events = {"x-github-event": "push", "x-gitea-event": "push", "x-event-key": "repo:push"}
    signatures = {"x-hub-signature-256": _sha(body), "x-hub-signature": _sha(body), "x-gitea-signature": _sha(body)[7:]}
    push = signed_push(provider, events | signatures, body, Secret(SECRET), NOW)
    assert push.event is HookEvent.PUSH


def _sha(body: bytes) -> str:
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
