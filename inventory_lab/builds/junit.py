"""Test cases of a JUnit XML file, as pytest writes it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

_OUTCOMES = {"failure": "FAILED", "error": "ERROR", "skipped": "SKIPPED"}


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A test: where it is (`prefix`), its name, and its outcome in CodeBuild's word."""

    prefix: str
    name: str
    status: str
    seconds: float
    message: str = ""


def read_cases(text: bytes) -> list[CaseResult]:
    """The test cases of a file. Raises ValueError for one that is not JUnit XML.

    >>> xml = b'<testsuite><testcase classname="a" name="b" time="0.1"><failure message="no"/></testcase></testsuite>'
    >>> read_cases(xml)
    [CaseResult(prefix='a', name='b', status='FAILED', seconds=0.1, message='no')]
    """
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 written by the learner's own build
    except ElementTree.ParseError as exc:
        raise ValueError(f"not JUnit XML: {exc}") from exc
    return [_case(element) for element in root.iter("testcase")]


def _case(element: ElementTree.Element) -> CaseResult:
    outcome = next((child for child in element if child.tag in _OUTCOMES), None)
    return CaseResult(
        prefix=element.get("classname", ""),
        name=element.get("name", ""),
        status="SUCCEEDED" if outcome is None else _OUTCOMES[outcome.tag],
        seconds=float(element.get("time") or 0),
        message="" if outcome is None else outcome.get("message", ""),
    )
