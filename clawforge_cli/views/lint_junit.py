"""What lint found, as JUnit XML: one suite a file, one case a finding. An error is a failure; a warning or a note is
a case that passed and says so; what was accepted is skipped.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from clawforge.diagnostic import Severity
from clawforge.lint.report import Reported
from clawforge_cli.views.terminal import safe

# Beyond what `safe` writes out, XML 1.0 has no U+FFFE and U+FFFF.
_NOT_XML = re.compile("[\ufffe\uffff]")


def show_junit(items: Sequence[Reported]) -> None:
    """The document on standard output."""
    sys.stdout.write(junit(items) + "\n")


def junit(items: Sequence[Reported]) -> str:
    """A `testsuites` document; without findings it holds one case that passed."""
    suites = Element("testsuites", name="clawforge lint")
    by_file: dict[str, list[Reported]] = {}
    for item in items:
        by_file.setdefault(item.diagnostic.location.file, []).append(item)
    for file, found in by_file.items():
        _suite(suites, file, found)
    if not by_file:
        suite = SubElement(suites, "testsuite", name="clawforge lint", tests="1", failures="0", errors="0", skipped="0")
        SubElement(suite, "testcase", classname="clawforge lint", name="no problems", time="0")
    for name in ("tests", "failures", "errors"):
        suites.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode")


def _suite(suites: Element, file: str, found: Sequence[Reported]) -> None:
    failures = sum(item.acceptance is None and item.diagnostic.severity is Severity.ERROR for item in found)
    skipped = sum(item.acceptance is not None for item in found)
    suite = SubElement(suites, "testsuite", name=xml_text(file), tests=str(len(found)))
    suite.set("failures", str(failures))
    suite.set("errors", "0")
    suite.set("skipped", str(skipped))
    for item in found:
        problem = item.diagnostic
        name = f"{problem.code} at {problem.location.line}:{problem.location.col}"
        case = SubElement(suite, "testcase", classname=xml_text(file), name=xml_text(name), time="0")
        text = f"{problem.location}: {problem.severity}[{problem.code}]: {problem.message}"
        details = xml_text(text) + (f"\nhelp: {xml_text(problem.hint)}" if problem.hint else "")
        if item.acceptance is not None:
            SubElement(case, "skipped", message=xml_text(item.acceptance.reason))
        elif problem.severity is Severity.ERROR:
            failure = SubElement(case, "failure", type=xml_text(problem.code), message=xml_text(problem.message))
            failure.text = details
        else:
            SubElement(case, "system-out").text = details


def xml_text(text: object) -> str:
    """Untrusted text without anything that XML or a terminal would stumble over; the writer escapes the markup."""
    return _NOT_XML.sub(lambda match: f"\\u{{{ord(match.group()):04x}}}", safe(text))
