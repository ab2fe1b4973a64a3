"""A policy as a table, the statement that decided a request marked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from inventory_lab.html import element, escape, marked_cell, table
from inventory_lab.iam.account.explanation import Explanation
from inventory_lab.iam.evaluation.decision import Decision
from inventory_lab.views.html_view import HtmlView

Document = Mapping[str, Any]
_STYLE = "margin:0;white-space:pre-wrap;text-align:left"


def policy_table(policy: Document | str, answer: Explanation | Decision | None = None) -> HtmlView:
    """The statements of a policy, a JSON text or a dict, as a table.

    With `answer`, what `lab.explain_access` or `iam.decide` returned, the statement that decided is
    marked; when none did, the nearest one, with what it lacks.

    >>> statement = {"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": "*"}
    >>> policy_table({"Version": "2012-10-17", "Statement": [statement]})
       Allow  kinesis:PutRecord
    """
    document: Document = json.loads(policy) if isinstance(policy, str) else policy
    element = document["Statement"]
    statements: list[Document] = [element] if isinstance(element, Mapping) else list(element)
    marks = [_mark(statement, answer) for statement in statements]
    rows = [_row(s, mark) for s, mark in zip(statements, marks, strict=True)]
    lines = [
        f"{'▶' if mark else ' '}  {_line(s)}{f'  {mark}' if mark else ''}"
        for s, mark in zip(statements, marks, strict=True)
    ]
    return HtmlView(table(("", "statement", "effect", "what it covers"), rows), "\n".join(lines))


def _mark(statement: Document, answer: Explanation | Decision | None) -> str:
    """What the statement has to do with the answer; empty for nothing."""
    if answer is None or answer.statement is None or dict(answer.statement) != dict(statement):
        return ""
    unlike = [f"{d.part}: {d.statement} ≠ {d.request}" for d in getattr(answer, "differences", ())]
    if unlike:
        return f"nearest, but {'; '.join(unlike)}"
    return (
        "this statement allows the request"
        if answer.allowed
        else "this statement denies the request"
    )


def _row(statement: Document, mark: str) -> list[str]:
    style = "border-left:5px solid #d55e00" if mark else ""
    sign = f"<b>▶ {escape(mark)}</b>" if mark else ""
    effect = str(statement["Effect"])
    return [
        marked_cell(sign, style=style),
        marked_cell(escape(statement.get("Sid", ""))),
        marked_cell(f"{'✕' if effect == 'Deny' else '✓'} {escape(effect)}"),
        marked_cell(element("pre", escape("\n".join(_covered(statement))), style=_STYLE)),
    ]


def _line(statement: Document) -> str:
    sid = f"{statement['Sid']}: " if "Sid" in statement else ""
    actions = statement.get("Action", statement.get("NotAction", ""))
    return (
        f"{sid}{statement['Effect']}  {actions if isinstance(actions, str) else ', '.join(actions)}"
    )


def _covered(statement: Document) -> Iterator[str]:
    for name, value in statement.items():
        if name not in ("Sid", "Effect"):
            values = value if isinstance(value, list) else [value]
            texts = [v if isinstance(v, str) else json.dumps(v) for v in values]
            yield f"{name}: {', '.join(texts)}"
