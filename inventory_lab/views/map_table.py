"""The table under the living map: what a hover over its arrows shows, for everybody."""

from __future__ import annotations

from dataclasses import replace

from inventory_lab.html import cell, marked_cell, table
from inventory_lab.views.pipeline_map import Access, Arrow, PipelineMap

SIGNS = {"allowed": "✓ allowed", "denied": "✕ denied", "not known": "? not known"}


def access_table(pipeline: PipelineMap) -> str:
    """What the arrows say, as HTML that unfolds: each call, IAM's answer, policy and statement."""
    rows = (
        [
            cell(_ends(pipeline, arrow) if n == 0 else ""), cell(actions), cell(access.principal),
            marked_cell(f"<b>{SIGNS[access.answer]}</b>", style="white-space:nowrap"),
            cell(because(access)), cell(", ".join(arrow.counters) if n == 0 else ""),
        ]
        for arrow in pipeline.arrows
        for n, (access, actions) in enumerate(_merged(arrow.access))
    )  # fmt: skip
    header = ("arrow", "action", "called by", "IAM", "statement, or the reason", "so far")
    return (
        f"<details><summary>IAM's answers, arrow by arrow</summary>{table(header, rows)}</details>"
    )


def _merged(answers: tuple[Access, ...]) -> list[tuple[Access, str]]:
    """The answers with their actions; actions that got the same answer for the same reason are one."""
    actions: dict[Access, list[str]] = {}
    for access in answers:
        actions.setdefault(replace(access, action=""), []).append(access.action)
    return [(access, ", ".join(names)) for access, names in actions.items()]


def _ends(pipeline: PipelineMap, arrow: Arrow) -> str:
    return f"{pipeline.part(arrow.source).title} → {pipeline.part(arrow.target).title}"


def because(access: Access) -> str:
    """The statement that decided and its policy, or the reason why there is none."""
    where = f"{access.statement} in {access.policy}" if access.policy else ""
    return "; ".join(filter(None, (where, access.reason)))
