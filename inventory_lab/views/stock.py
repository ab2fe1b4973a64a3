"""A product's stock, event by event, against what the table says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inventory_lab.domain.inventory import Status
from inventory_lab.html import number
from inventory_lab.observe import queues, table
from inventory_lab.observe.frames import shown
from inventory_lab.resources.account import Account
from inventory_lab.views.observed import ObservableLab
from inventory_lab.views.picture import Picture
from inventory_lab.views.svg import box, circle, drawing, path, plural, text

WIDTH, HEIGHT = 860, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 716, 92, 348


@dataclass(frozen=True, slots=True)
class StockStep:
    """A record of the product and the stock after it; `alert` is "low" or "high" when it sent one."""

    sequence: str
    outcome: str
    stock: int
    occurred_at: str
    alert: str = ""


@dataclass(frozen=True, slots=True)
class StockStory:
    """The steps of a product, what the table says now (None: the product is not active there), and
    its thresholds.
    """

    product_id: str
    steps: tuple[StockStep, ...]
    in_table: int | None
    high: int
    low: int

    @property
    def expected(self) -> int:
        """The stock after the last step."""
        return self.steps[-1].stock if self.steps else 0


def draw_stock(lab: ObservableLab, product_id: str) -> Picture:
    """The stock of a product after each of its events, with the thresholds and the alerts.

    Beside it is what the table says now.

    >>> _ = lab.settle(lab.publish([ProductAdded("Chair", 30), QuantityChanged("Chair", -25)]))
    >>> draw_stock(lab, "Chair").svg[:4]
    '<svg'
    """
    return stock_picture(_story(lab, product_id))


def stock_picture(story: StockStory) -> Picture:
    """A product's story as a picture."""
    title = f"Stock of {story.product_id}, event by event"
    scale = _Scale(story)
    svg = drawing(
        WIDTH, HEIGHT, title, describe(story), text(20, 36, title, 18, bold=True),
        text(20, 60, "The line: the stream's events applied in order. The diamond: the table now. "
             "✕: rejected, the stock stays.", 13, "soft"),
        *_thresholds(story, scale), *_axes(story, scale), _line(story, scale),
        *_markers(story, scale), _table_mark(story, scale),
    )  # fmt: skip
    return Picture(svg, WIDTH, HEIGHT, title, describe(story))


def describe(story: StockStory) -> str:
    """The story in sentences."""
    alerts = [f"{s.alert} stock at {s.stock}" for s in story.steps if s.alert]
    rejected = sum(step.outcome == "rejected" for step in story.steps)
    return (
        f"{plural(len(story.steps), 'record')}, {rejected} rejected. By the stream there are {story.expected} "
        f"pieces; the table says {_in_table(story)}. Alerts: {', '.join(alerts) or 'none'}."
    )


def _story(lab: ObservableLab, product_id: str) -> StockStory:
    frame = lab.history(product_id)
    alerts = _alerts(lab.account, product_id)
    columns = (frame[name] for name in ("sequence", "outcome", "stock", "occurred_at"))
    steps = tuple(
        StockStep(sequence, outcome, int(stock), occurred_at, alerts.get(sequence, ""))
        for sequence, outcome, stock, occurred_at in zip(*columns, strict=True)
        if outcome not in ("pending", "dead letter")
    )
    item = table.read(lab.account).items.get(product_id)
    active = item is not None and item.status is Status.ACTIVE
    high = item.high_stock if item and item.high_stock is not None else lab.settings.high_stock
    low = item.low_stock if item and item.low_stock is not None else lab.settings.low_stock
    return StockStory(product_id, steps, item.quantity if item and active else None, high, low)


def _alerts(account: Account, product_id: str) -> Mapping[str, str]:
    """The alert of each record that sent one, by the end of the record's sequence number."""
    return {
        shown(int(row["deduplication_id"].rpartition("/")[2])): row["alert"]
        for row in queues.alerts(account)
        if row.get("product_id") == product_id and row["deduplication_id"].count("/") >= 2
    }


class _Scale:
    """Where a step and a quantity are in the picture."""

    def __init__(self, story: StockStory) -> None:
        values = [step.stock for step in story.steps] + [story.in_table or 0, 1]
        near = [limit for limit in (story.low, story.high) if limit <= 1.5 * max(values)]
        self.most = 1.1 * max(values + near)
        self.steps = max(len(story.steps), 1)

    def x(self, step: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * step / self.steps

    def y(self, quantity: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * quantity / self.most


def _axes(story: StockStory, scale: _Scale) -> Iterator[str]:
    yield path(f"M{_LEFT} {_TOP}V{_BOTTOM}H{_RIGHT}", "line", 1.5)
    most = max([step.stock for step in story.steps], default=0)
    for quantity in sorted({0, most}):
        yield text(_LEFT - 8, scale.y(quantity) + 5, quantity, 13, "soft", anchor="end")
    if story.steps:
        yield text(_LEFT, _BOTTOM + 22, _clock(story.steps[0]), 13, "soft")
        last = _clock(story.steps[-1])
        yield text(_RIGHT, _BOTTOM + 22, last, 13, "soft", anchor="end")
    yield text((_LEFT + _RIGHT) / 2, _BOTTOM + 22, "events in order", 13, "soft", anchor="middle")


def _clock(step: StockStep) -> str:
    return step.occurred_at[11:19]


def _thresholds(story: StockStory, scale: _Scale) -> Iterator[str]:
    for name, limit in (("high", story.high), ("low", story.low)):
        if limit <= scale.most:
            y = scale.y(limit)
            yield path(f"M{_LEFT} {number(y)}H{_RIGHT}", "lit_edge", 1.5, dash="3 5")
            yield text(_RIGHT + 8, y + 5, f"{name}: {limit}", 13, "lit_edge")


def _line(story: StockStory, scale: _Scale) -> str:
    data, level = f"M{number(scale.x(0))} {number(scale.y(0))}", 0
    for place, step in enumerate(story.steps):
        if step.stock != level:
            level = step.stock
            data += f"H{number(scale.x(place + 0.5))}V{number(scale.y(level))}"
    return path(f"{data}H{number(scale.x(scale.steps))}", "allowed", 2.5)


def _markers(story: StockStory, scale: _Scale) -> Iterator[str]:
    """A sign on each event that was rejected or sent an alert."""
    for place, step in enumerate(story.steps):
        x, y = scale.x(place + 0.5), scale.y(step.stock)
        if step.outcome == "rejected":
            yield path(f"M{number(x - 4)} {number(y - 4)}l8 8m0-8l-8 8", "denied", 2.2)
        if step.alert:
            yield _alert(step, x, y)


def _alert(step: StockStep, x: float, y: float) -> str:
    hover = f"{step.alert} stock: {step.stock} pieces, sequence number {step.sequence}"
    rises = step.alert == "high"
    label_y = y - 13 if rises or y > _BOTTOM - 30 else y + 24
    return circle(x, y, 6, "lit", "lit_edge", hover) + text(
        x, label_y, f"{step.alert} alert", 13, "lit_edge", anchor="middle", bold=True
    )


def _table_mark(story: StockStory, scale: _Scale) -> str:
    """The table's quantity, and whether it is what the stream says."""
    if story.in_table is None:
        return text(_RIGHT + 8, _TOP + 16, "not in the table", 13, "text", bold=True)
    same, y = story.in_table == story.expected, scale.y(story.in_table)
    color = "allowed" if same else "denied"
    label_y = min(max(y, _TOP + 24), _BOTTOM - 14)
    diamond = path(f"M{_RIGHT} {number(y - 7)}l7 7-7 7-7-7Z", color, 1, fill=color)
    verdict = "✓ no drift" if same else f"✕ drift: {story.in_table - story.expected:+d}"
    note = box(_RIGHT + 12, label_y - 20, 124, 42, "card", color, radius=6)
    return (
        note
        + diamond
        + text(_RIGHT + 18, label_y - 4, f"table: {story.in_table}", 13, bold=True)
        + text(_RIGHT + 18, label_y + 14, verdict, 13, color)
    )


def _in_table(story: StockStory) -> str:
    return "that there is no such product" if story.in_table is None else str(story.in_table)
