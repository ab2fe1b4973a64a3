"""The panels of the dashboard as HTML. Colours come from the front end's theme, meaning from words."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from inventory_lab.html import cell, element, escape, number, table
from inventory_lab.views.dashboard.state import Problem, Second, Sent, State
from inventory_lab.views.tables import failed_records_table, stock_table

if TYPE_CHECKING:
    import pandas as pd

    from inventory_lab.observe.reconcile import Reconciliation

BARS_WIDTH, BARS_HEIGHT = 240, 40
ALERT = "border-left:4px solid #c2410c;padding:4px 10px;margin:4px 0"
COMPACT, CLOSE = "line-height:1.3", "padding:1px 10px"
SCROLLED = f"{COMPACT};max-height:320px;overflow:auto"
COUNTED = ("applied", "rejected", "duplicates", "redelivered", "alerts")
ALERT_COLUMNS = ("alert", "product_id", "quantity_before", "quantity", "threshold")
_REQUEST_ID = re.compile(r"RequestId: \S+ (Error: )?")
_RECORD = re.compile(r"shardId-\d*(\d{4}):\d*(\d{6})")
_SIGNS = {"waiting": "…", "applied": "✓", "rejected": "✗", "given up": "✗"}


def header(where: str, at: float, is_live: bool, note: str) -> str:
    """Where the lab runs, its time, and whether that moves."""
    moving = "running: one second of lab time each second" if is_live else "paused"
    return f"<div><b>{escape(where)}</b> · lab time {clock(at)} · {escape(note or moving)}</div>"


def numbers(state: State) -> str:
    """Rates, latencies and counts, a row each, and the last minute as bars."""
    counts = {name: f"{state.totals.get(name, 0):,}" for name in COUNTED}
    rows = {
        "published/s": number(state.rate(lambda second: second.published)),
        "processed/s": number(state.rate(lambda second: second.processed)),
        "latency p50": _seconds(state.latency(0.50)),
        "latency p99": _seconds(state.latency(0.99)),
        "oldest waiting": _seconds(state.oldest_waiting_ms / 1000),
        "in the stream": f"{state.stored:,}",
        **counts,
        "dead-letter messages": f"{state.dead_letter_messages:,}",
    }
    body = "".join(
        f"<tr>{cell(name, 'th', CLOSE)}{cell(value, style=f'{CLOSE};text-align:right')}</tr>"
        for name, value in rows.items()
    )
    return f'<div style="{COMPACT}"><table><tbody>{body}</tbody></table></div>' + bars(
        list(state.seconds)
    )


def bars(seconds: Sequence[Second]) -> str:
    """The processed records of each of the last seconds, as bars."""
    if not seconds:
        return ""
    most = max(max(second.processed for second in seconds), 1)
    width = BARS_WIDTH / 60
    shapes = "".join(
        element("rect", x=n * width, y=BARS_HEIGHT - (height := BARS_HEIGHT * s.processed / most),
                width=width - 1, height=height, fill="#0b83c5")
        for n, s in enumerate(seconds)
    )  # fmt: skip
    label = f"Records processed in the last {len(seconds)} s, at most {most:,} a second"
    svg = element(
        "svg", shapes, viewBox=f"0 0 {BARS_WIDTH} {BARS_HEIGHT}", width=BARS_WIDTH,
        height=BARS_HEIGHT, role="img", aria_label=label,
    )  # fmt: skip
    return element("div", svg + element("div", escape(label), style="font-size:12px"))


def sent(event: Sent | None, last_error: str) -> str:
    """What became of the event that was sent last."""
    if event is None:
        return element("div", "Send an event to see what becomes of it.", role="status")
    detail = event.detail
    if event.outcome == "waiting" and last_error:
        detail = f"the pipe reports: {last_error}"
    words = f"{_SIGNS[event.outcome]} {event.product} {event.change}: {event.outcome}"
    text = f"{words} ({detail})" if detail else words
    return element("div", f"<b>{escape(text)}</b>", role="status")


def problems(problems: Sequence[Problem], faults: Sequence[str]) -> str:
    """The last errors, the newest first, and the faults that struck; nothing when there are none."""
    parts = []
    if problems:
        shown = "".join(element("li", escape(f"{clock(p.at)} {p.error}")) for p in problems)
        shown = f'<b>Errors</b><ul style="margin:0">{shown}</ul>'
        parts.append(element("div", shown, role="alert", style=f"{ALERT};{COMPACT}"))
    if faults:
        words = "; ".join(_RECORD.sub(r"shard \1, record …\2", fault) for fault in faults)
        parts.append(element("div", f"Faults: {escape(words)}", style=COMPACT))
    return "".join(parts)


def alerts(frame: pd.DataFrame) -> str:
    """Stock alerts, the newest first."""
    if not len(frame):
        return "<p>No alerts.</p>"
    rows = frame[list(ALERT_COLUMNS)].iloc[::-1].itertuples(index=False)
    return table(
        [name.replace("_", " ") for name in ALERT_COLUMNS], [map(cell, row) for row in rows]
    )


def failed(frame: pd.DataFrame) -> str:
    """Failed records with reason and payload, the newest first."""
    if not len(frame):
        return "<p>No records.</p>"
    return element("div", failed_records_table(frame.iloc[::-1]).html, style=COMPACT)


def inventory(stock: dict[str, int], high: int, low: int) -> str:
    """The stock of each product with a bar."""
    if not stock:
        return "<p>No active products.</p>"
    table = stock_table(list(stock.items()), high, low).html
    return element("div", table, style=SCROLLED, tabindex=0, role="region", aria_label="Inventory")


def reconciliation(found: Reconciliation, at: float) -> str:
    """The reconcile, and when it was made."""
    caption = f"Reconciled at lab time {clock(at)}:"
    return element("div", caption + found._repr_html_(), role="status", style=COMPACT)


def brief(error: str) -> str:
    """An error with the JSON of a failed function put into words, and without the id of its request.

    >>> brief('the function failed: {"errorType":"ValueError","errorMessage":"RequestId: 1f Error: no"}')
    'the function failed: ValueError: no'
    """
    before, brace, after = error.partition("{")
    try:
        facts = json.loads(brace + after)
        message = _REQUEST_ID.sub("", str(facts["errorMessage"]))
        return f"{before}{facts.get('errorType', 'Error')}: {message}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return error


def clock(at: float) -> str:
    """Epoch seconds as the time of day, in UTC.

    >>> clock(1767603600)
    '09:00:00'
    """
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{number(value)} s"
