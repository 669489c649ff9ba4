"""Recorded calls to the public ClawForge server, and what of an answer a client relies on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "fixtures" / "wire"
ORG = "3fcab899-87f3-44b5-8d5d-182e18517700"
ADMIN = "f73bf68d-8dc5-4439-b6c4-1960c17e3e7f"
USER = "aeebd615-61f0-455c-9bf7-9f85911985d7"
EVENT = "969e78fc-bcb9-4f89-9b22-7108fa18b60b"
SUBMISSION = "a8873ecc-651a-4c3d-9ee3-fda6c37d59ab"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@dataclass(frozen=True)
class Recording:
    """One call. `bearer` is what stands in the Authorization header, as it was masked."""

    name: str
    method: str
    path: str
    headers: dict[str, str]
    bearer: str | None
    body: str
    status: int
    content_type: str
    answer: str

    @property
    def document(self) -> Any:
        """The answer as JSON; None where there is none."""
        return json.loads(self.answer) if self.answer.startswith("{") else None


def recordings() -> list[Recording]:
    """All calls of which request and answer were kept, in their order."""
    return [_read(path) for path in sorted(FOLDER.glob("*.txt")) if not path.name.startswith("92-")]


def form(value: Any) -> Any:
    """What stays of a document when its values are masked: names in their order, and types."""
    if isinstance(value, dict):
        return [(key, form(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [form(item) for item in value[:1]]
    if isinstance(value, str):
        return "id" if _UUID.fullmatch(value) else "time" if _TIME.fullmatch(value) else "text"
    return "number" if isinstance(value, int) and not isinstance(value, bool) else type(value).__name__


def _read(path: Path) -> Recording:
    text = path.read_text()
    asked, _, answered = text.partition("===== RESPONSE")
    request_head, _, body = asked.removeprefix("===== REQUEST\n").partition("\n\n")
    answer_head, _, answer = answered.partition("\n")[2].partition("\n\n")
    lines = request_head.splitlines()
    method, target, _ = lines[0].split(" ")
    headers = _headers(lines[1:])
    answer_lines = answer_head.splitlines()
    return Recording(
        name=path.stem,
        method=method,
        path=target,
        headers=headers,
        bearer=headers.get("authorization"),
        body=body.strip(),
        status=int(answer_lines[0].split(" ")[1]),
        content_type=_headers(answer_lines[1:]).get("content-type", ""),
        answer=answer.strip(),
    )


def _headers(lines: list[str]) -> dict[str, str]:
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
