"""A client in another language, written from docs/agent-protocol.md alone, believes what the vectors say."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import event_vectors
import message_vectors
import pytest
import trust_vectors

FOLDER = Path(__file__).parents[2] / "second_client"
PROGRAM = FOLDER / "client.mjs"
LISTENING = FOLDER / "listening.mjs"
SEQUENCES = json.loads(trust_vectors.FILE.read_text(encoding="utf-8"))["sequences"]


def said_by(program: Path, *vectors: Path) -> Any:
    """What a client makes of files of vectors."""
    node = shutil.which("node")
    if node is None:
        pytest.fail("The second client is a Node program: install node 20 or newer, and run this again.")
    done = subprocess.run([node, program, *vectors], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def differences(program: Path) -> list[str]:
    """The sequences in which a client believes something else, or lets something else pass."""
    played: list[list[dict[str, Any]]] = said_by(program, trust_vectors.FILE)
    assert len(played) == len(SEQUENCES)
    return [one["name"] for one, steps in zip(SEQUENCES, played, strict=True) if steps != wanted(one["steps"])]


def wanted(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    said = [{"expect": step["expect"]} if "expect" in step else {} for step in steps]
    return [{**one, "calls": [call["effect"] for call in step["calls"]]} for one, step in zip(said, steps, strict=True)]


def test_it_agrees_with_every_vector() -> None:
    assert differences(PROGRAM) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('if (older(lease, this.seen)) refuse("rollback");', ""),
        ("this.seen.kill.some(", "this.held.lease.kill.some("),
        ('if (!verifySignature(null, signed, trusted.get(keyid), bytes(sig))) refuse("bad-signature");', ""),
        ('if (lease.epoch !== keys.epoch) refuse("epoch-mismatch");', ""),
        ("Date.parse(from) <= this.present && this.present < Date.parse(until)", "Date.parse(from) <= this.present"),
        ('every((one) => ["elevation", "grant"].includes(one.kind))', "every(() => true)"),
        ("policy.floor ?? {}", "{}"),
    ],
)
def test_the_vectors_find_a_client_that_is_wrong(right: str, wrong: str, tmp_path: Path) -> None:
    text = PROGRAM.read_text(encoding="utf-8")
    assert text.count(right) == 1
    mutant = tmp_path / "client.mjs"
    mutant.write_text(text.replace(right, wrong), encoding="utf-8")
    assert differences(mutant) != []


def differences_of_hearing(program: Path) -> list[str]:
    """The texts, sessions and conversations of which a client makes something else."""
    events = json.loads(event_vectors.FILE.read_text(encoding="utf-8"))
    played = said_by(program, event_vectors.FILE, message_vectors.FILE)
    pairs = [(one, [one["expect"]] * 2, said) for one, said in zip(events["streams"], played["streams"], strict=True)]
    for one, said in zip(events["sessions"], played["sessions"], strict=True):
        effects = ([call["effect"] for call in step["calls"]] for step in one["steps"])
        steps = zip(one["steps"], effects, strict=True)
        pairs.append((one, [{"expect": step["expect"], "effects": effect} for step, effect in steps], said))
    conversations = json.loads(message_vectors.FILE.read_text(encoding="utf-8"))["conversations"]
    for one, said in zip(conversations, played["conversations"], strict=True):
        pairs.append((one, [step.get("expect", {}) for step in one["steps"]], said))
    return [one["name"] for one, wanted_of_it, said in pairs if wanted_of_it != said]


def test_it_hears_what_the_vectors_say() -> None:
    assert differences_of_hearing(LISTENING) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('if (name === "end") {', 'if (name === "kill") return;\n    if (name === "end") {'),
        ("this.kept = [];\n      return { shown };", "return { shown };"),
        ('if (!verifySignature(null, signed, trusted.get(keyid), bytes(sig))) refuse("bad-signature");', ""),
        ('.replace(/^ /, "")', ".slice(1)"),
        ("const isEnd = byte === 10 || byte === 13;", "const isEnd = byte === 10;"),
        ("if (!isEnd && this.rest.push(byte) > this.longest) throw", "if (!isEnd && this.rest.push(byte) < 0) throw"),
        ("if (this.agent.present - this.lastWord >= SILENCE) this.reader = null;", ""),
        ("if (!CREDIBLE.includes(code)) return;", ""),
    ],
    ids=[
        "ignores the kill",
        "shows a message twice",
        "needs no signature",
        "needs the space",
        "knows one end of a line",
        "reads without an end",
        "waits for ever",
        "resumes from what nobody signed",
    ],
)
def test_the_vectors_find_ears_that_are_wrong(right: str, wrong: str, tmp_path: Path) -> None:
    found = 0
    for program in (PROGRAM, LISTENING):
        text = program.read_text(encoding="utf-8")
        found += text.count(right)
        (tmp_path / program.name).write_text(text.replace(right, wrong), encoding="utf-8")
    assert found == 1
    assert differences_of_hearing(tmp_path / LISTENING.name) != []
