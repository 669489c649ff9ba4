"""A client in another language, written from docs/agent-protocol.md alone, believes what the vectors say."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import trust_vectors

PROGRAM = Path(__file__).parents[2] / "second_client" / "client.mjs"
SEQUENCES = json.loads(trust_vectors.FILE.read_text(encoding="utf-8"))["sequences"]


def differences(program: Path) -> list[str]:
    """The sequences in which a client believes something else, or lets something else pass."""
    node = shutil.which("node")
    if node is None:
        pytest.fail("The second client is a Node program: install node 20 or newer, and run this again.")
    done = subprocess.run(
        [node, str(program), str(trust_vectors.FILE)], capture_output=True, text=True, timeout=60, check=True
    )
    played: list[list[dict[str, Any]]] = json.loads(done.stdout)
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
