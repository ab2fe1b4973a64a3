"""The map of the pipeline: as the course builds it, and as it is in an account."""

from __future__ import annotations

from collections.abc import Iterable

from inventory_lab.iam.account.evaluator import PolicyEvaluator
from inventory_lab.resources.account import Account
from inventory_lab.views.map_drawing import draw_map
from inventory_lab.views.map_snapshot import Execution, read_map
from inventory_lab.views.picture import Picture
from inventory_lab.views.pipeline_map import Highlight, highlighted, static_map


def map_of(highlight: Highlight = None) -> Picture:
    """The map of the whole pipeline, with one or several of its parts lit.

    The parts are producer, stream, mapping, pipe, enrichment, function, table, topic, queues and build.
    Raises ValueError for another name.

    >>> print(map_of("stream").title)
    How an event becomes a stock count
    """
    return draw_map(static_map(), highlighted(highlight))


def diagram(
    account: Account,
    evaluator: PolicyEvaluator,
    executions: Iterable[Execution] | None = None,
    highlight: Highlight = None,
    stored: int | None = None,
) -> Picture:
    """The map of an account's pipeline as it is now; see `lab.diagram`. `stored` is how many records
    the stream holds, for a caller who has counted them.
    """
    lit = highlighted(highlight)
    return draw_map(read_map(account, evaluator, executions, stored), lit)
