"""The listener and the notifiers of several sources, from their settings."""

from __future__ import annotations

import datetime as dt
import http.client
import json
from pathlib import Path
from typing import Any

import forge_hooks
import pytest
from hook_receiver import receiving

from clawforge.errors import InputError
from clawforge.load.reconciler_file import SourceSettings
from clawforge.reconcile.notice import Notice, NoticeKind, NoticeSeverity
from clawforge_cli.gitops.delivery_log import DeliveryLog
from clawforge_cli.gitops.listener import Health
from clawforge_cli.gitops.outside import Outside


def source(name: str, **settings: Any) -> SourceSettings:
    base = {
        "name": name,
        "org": "acme",
        "repository": {"url": "https://git.example/p.git"},
        "trust": {"signatures": "off"},
    }
    return SourceSettings.model_validate_json(json.dumps(base | settings), strict=True)


def outside(folder: Path, *sources: SourceSettings, listen: str | None, woke: list[str]) -> Outside:
    return Outside(
        sources, listen=listen, directory=folder, state=folder, on_push=woke.append, health=lambda: Health(True)
    )


def test_a_push_comes_in_and_a_notice_goes_out(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text(forge_hooks.SECRET)
    hook = {"provider": "github", "secret": {"secretRef": {"file": "hook"}}}
    woke: list[str] = []
    with receiving() as receiver:
        (tmp_path / "chat").write_text(f"{receiver.url}/chat")
        chat = {"name": "chat", "type": "slack", "url": {"secretRef": {"file": "chat"}}, "reach": "loopback"}
        sources = (source("prod", webhook=hook, notify=[chat]), source("quiet"))
        with outside(tmp_path, *sources, listen="127.0.0.1:0", woke=woke) as world:
            assert world.address is not None
            connection = http.client.HTTPConnection(*world.address, timeout=10)
            sent = forge_hooks.github()
            connection.request("POST", "/hooks/prod", body=sent.body, headers=sent.headers)
            assert connection.getresponse().status == 202
            connection.close()
            for name in ("prod", "quiet", "unknown"):
                world.tell(notice(name))
        assert len(receiver.requests) == 1
    assert woke == ["prod"]
    assert [item.source for item in DeliveryLog(tmp_path).read(9)] == ["prod"]
    assert 'clawforge_hooks_total{source="prod",result="woke"} 1\n' in world.metrics.text()


def test_a_webhook_that_nothing_listens_for_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("secret")
    hook = {"provider": "github", "secret": {"secretRef": {"file": "hook"}}}
    with pytest.raises(InputError, match="nothing listens") as caught:
        outside(tmp_path, source("prod", webhook=hook), listen=None, woke=[])
    assert "listen: 127" in caught.value.hint


def test_without_webhooks_nothing_need_listen(tmp_path: Path) -> None:
    with outside(tmp_path, source("prod"), listen=None, woke=[]) as world:
        assert world.address is None
        world.tell(notice("prod"))


def notice(name: str) -> Notice:
    return Notice(
        kind=NoticeKind.COMMIT_APPLIED,
        severity=NoticeSeverity.INFO,
        org="acme",
        source=name,
        at=dt.datetime(2026, 11, 20, tzinfo=dt.UTC),
        title="applied",
    )
