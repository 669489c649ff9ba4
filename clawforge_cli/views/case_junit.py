"""Policy tests as JUnit XML: one suite a PolicyTest, one case a call."""

from __future__ import annotations

import sys
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from clawforge_cli.case_report import CaseReport, Placed
from clawforge_cli.views.case_text import explanation
from clawforge_cli.views.lint_junit import xml_text


def show_junit(report: CaseReport) -> None:
    """The document on standard output."""
    sys.stdout.write(junit(report) + "\n")


def junit(report: CaseReport) -> str:
    """A `testsuites` document."""
    suites = Element("testsuites", name="clawforge test")
    by_test: dict[str, list[Placed]] = {}
    for item in report.cases:
        by_test.setdefault(item.result.address, []).append(item)
    for address, items in by_test.items():
        _suite(suites, address, items)
    suites.set("tests", str(len(report.cases)))
    suites.set("failures", str(report.failed))
    suites.set("errors", "0")
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode")


def _suite(suites: Element, address: str, items: list[Placed]) -> None:
    suite = SubElement(suites, "testsuite", name=xml_text(address), tests=str(len(items)))
    suite.set("failures", str(sum(not item.result.passed for item in items)))
    suite.set("errors", "0")
    suite.set("skipped", "0")
    for item in items:
        case = SubElement(
            suite, "testcase", classname=xml_text(address), name=xml_text(item.result.case.name), time="0"
        )
        if item.result.mismatch is not None:
            message = xml_text(item.result.failure)
            failure = SubElement(case, "failure", type=item.result.mismatch.aspect, message=message)
            lines = [str(item.location), *(f"{label}: {text}" for label, text in explanation(item))]
            failure.text = "\n".join(xml_text(line) for line in lines)
