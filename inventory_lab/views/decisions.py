"""How IAM decides: each request on its way through the questions that AWS asks in order."""

from __future__ import annotations

from collections.abc import Mapping

from inventory_lab.iam.account.explanation import Explanation
from inventory_lab.iam.evaluation.decision import BOUNDARY, RESOURCE, Decision
from inventory_lab.views.picture import Picture
from inventory_lab.views.svg import arrow_head, box, circle, drawing, fitted, path, text

WIDTH = 960
TITLE = "How IAM decides"
QUESTIONS = (
    ("Does a Deny apply?", "yes: denied at once"),
    ("Does an Allow apply?", "on the user or on the stream"),
    ("Within the boundary?", "only if there is one"),
)
_GATES = (340, 540, 740)
_TOP, _ROW, _RESULT = 132, 78, 850


def draw_decisions(cases: Mapping[str, Explanation]) -> Picture:
    """One row for each case, a name with what `lab.explain_access` returned for it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html

    >>> stream = lab.account.stream_arn()
    >>> draw_decisions({"a sale": lab.explain_access("producer", "kinesis:PutRecord", stream)})
    How IAM decides: a sale: allowed by a policy of the user.
    """
    height = _TOP + _ROW * max(len(cases), 1)
    rows = [_row(name, cases[name], _TOP + _ROW * n) for n, name in enumerate(cases)]
    svg = drawing(
        WIDTH, height, TITLE, describe(cases), text(20, 36, TITLE, 18, bold=True),
        *_heads(height), *rows,
    )  # fmt: skip
    return Picture(svg, WIDTH, height, TITLE, describe(cases))


def describe(cases: Mapping[str, Explanation]) -> str:
    """The cases in sentences."""
    if not cases:
        return "There is no request to decide."
    return " ".join(f"{name}: {_sentence(case)}." for name, case in cases.items())


def stopped_at(decision: Decision) -> int:
    """The number of the question that stopped a request, from 0; 3 when it passed all of them."""
    if decision.allowed:
        return len(QUESTIONS)
    if decision.explicit_deny:
        return 0
    return 2 if decision.policy_type == BOUNDARY else 1


def _sentence(case: Explanation) -> str:
    if case.allowed:
        return f"allowed by {_owner(case)}"
    reason = ("a Deny applies", "no Allow applies", "the boundary does not allow it")
    nearest = f"; {_nearest(case)}" if case.differences else ""
    return f"denied, {reason[stopped_at(case.decision)]}{nearest}"


def _owner(case: Explanation) -> str:
    return f"a policy of the {'stream' if case.decision.policy_type == RESOURCE else 'user'}"


def _nearest(case: Explanation) -> str:
    first = case.differences[0]
    return f"{first.statement} ≠ {first.request}"


def _heads(height: float) -> list[str]:
    shapes = []
    for x, (question, detail) in zip(_GATES, QUESTIONS, strict=True):
        shapes.append(text(x, 72, question, 14, anchor="middle", bold=True))
        shapes.append(text(x, 92, detail, 12.5, "soft", anchor="middle"))
        shapes.append(path(f"M{x} 106V{height - 14}", "edge", 2, dash="3 6"))
    return shapes


def _row(name: str, case: Explanation, y: float) -> str:
    """The name, the way as far as the request came, and the answer."""
    middle, stop = y + 18, stopped_at(case.decision)
    action = case.request.action.partition(":")[2]
    words = text(20, middle - 3, fitted(name, 210, 14), 14, bold=True) + text(
        20, middle + 16, action, 13, "soft"
    )
    passed = "".join(_passed(x, middle) for x in _GATES[:stop])
    color = "allowed" if case.allowed else "denied"
    end = _RESULT - 11 if case.allowed else _GATES[stop] - 24
    line = path(f"M240 {middle}H{end}", color, 3) + arrow_head(end + 11, middle, "right", color)
    return words + line + passed + (_answer(case, middle) if case.allowed else _stop(case, middle))


def _passed(x: float, y: float) -> str:
    return circle(x, y, 9, "card", "allowed") + text(
        x, y + 5, "✓", 13, "allowed", anchor="middle", bold=True
    )


def _answer(case: Explanation, y: float) -> str:
    owner = text(_GATES[1], y + 30, _owner(case), 12.5, "soft", anchor="middle")
    return text(_RESULT + 6, y + 5, "✓ allowed", 14, "allowed", bold=True) + owner


def _stop(case: Explanation, y: float) -> str:
    """A barrier at the question that stopped the request, and what a near statement lacks."""
    x = _GATES[stopped_at(case.decision)]
    barrier = box(x - 12, y - 14, 24, 28, "card", "denied", radius=4, thickness=2.5)
    sign = text(x, y + 6, "✕", 15, "denied", anchor="middle", bold=True)
    nearest = fitted(_nearest(case), 400, 12.5) if case.differences else ""
    facts = text(x, y + 32, nearest, 12.5, "soft", anchor="middle")
    return barrier + sign + facts + text(x + 22, y + 5, "denied", 14, "denied", bold=True)
