"""Subjects and calls in words. Whoever shows them still escapes what a terminal would obey."""

from __future__ import annotations

import datetime as dt

import orjson

from clawforge.analysis.invariants import Proof, Violation
from clawforge.analysis.level import Example
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import format_instant

_LONGEST_PARAMS = 200


def subject_words(subject: Subject, at: dt.datetime | None = None) -> str:
    """Who it is: `Somebody.New in contractors, in the context work, at 2026-11-29T10:00:00Z`."""
    text = subject.user + (f" on {subject.instance}" if subject.instance is not None else "")
    if subject.groups:
        text += f" in {', '.join(subject.groups)}"
    if subject.claims:
        text += f" with the claim {', '.join(subject.claims)}"
    if subject.tags:
        text += " on a machine with " + ", ".join(f"{tag}={value}" for tag, value in sorted(subject.tags.items()))
    if subject.agent is not None:
        text += f" through {subject.agent}"
    if subject.context is not None:
        text += f" in the context {subject.context}"
    return text if at is None else f"{text} at {format_instant(at)}"


def call_words(tool: str, example: Example) -> str:
    """What is called: the tool with its parameters, or what they must hold."""
    params = orjson.dumps(example.shown).decode() if example.shown else ""
    if len(params) > _LONGEST_PARAMS:
        params = f"{params[:_LONGEST_PARAMS]}..."
    return " ".join(part for part in (tool, params, f"({example.note})" if example.note else "") if part)


def proof_sentence(proof: Proof) -> str:
    """Why an invariant does not hold, or why that is not known; empty if it holds."""
    if proof.violation is not None:
        return f"It does not hold: {violation_words(proof.violation)}."
    return f"Whether it holds is not known. {' '.join(proof.doubts)}" if proof.doubts else ""


def violation_words(violation: Violation) -> str:
    """Who calls what, and what comes of it: `ada on laptop-7 at 2026-11-29T10:00:00Z calls exec and gets allow`."""
    who, call = subject_words(violation.subject, violation.at), call_words(violation.tool, violation.example)
    return f"{who} calls {call} and gets {violation.level.word}"
