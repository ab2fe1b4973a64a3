"""Two executions race for one item: what each reads and writes, and the version that decides.

`record_calls` listens to DynamoDB clients while they are used; `draw_race` draws what they did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from inventory_lab.observe.frames import shown
from inventory_lab.views.picture import Picture
from inventory_lab.views.svg import arrow_head, box, drawing, fitted, path, plural, text

WIDTH = 860
TITLE = "Two executions race for one item"
_TOP, _ROW = 122, 88
_READS, _WRITES = ("GetItem", "BatchGetItem"), ("UpdateItem", "PutItem")
_LOST = "ConditionalCheckFailedException"
Attributes = Mapping[str, Any]


class Events(Protocol):
    """What a boto3 client's `meta.events` offers."""

    def register(self, name: str, handler: Callable[..., object]) -> None: ...  # noqa: D102
    def register_first(self, name: str, handler: Callable[..., object]) -> None: ...  # noqa: D102
    def unregister(self, name: str, handler: Callable[..., object]) -> None: ...  # noqa: D102


class ClientMeta(Protocol):
    """A boto3 client's `meta`."""

    @property
    def events(self) -> Events: ...  # noqa: D102


class Client(Protocol):
    """A boto3 client."""

    @property
    def meta(self) -> ClientMeta: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class RaceStep:
    """What one execution did to the item: `action` is "read" or "write"; `version` is what it read, or
    the version that its write makes, None for an item without one; `error` is AWS's code when the write
    was refused.
    """

    execution: str
    action: str
    product_id: str
    version: int | None
    quantity: int | None
    watermark: str = ""
    expected_version: int | None = None
    error: str = ""


@contextmanager
def record_calls(**clients: Client) -> Iterator[list[RaceStep]]:
    """Note the reads and writes of DynamoDB clients inside the with-block, for draw_race().

    They are noted in their order, under the names that you give the clients. The client of a table's
    resource is its `meta.client`. A write shows the quantity that AWS answers, or its value `:quantity`.

    >>> with record_calls(A=lab.session("root").client("dynamodb")) as steps:
    ...     pass
    >>> draw_race(steps, "Phone").svg[:4]
    '<svg'
    """
    steps: list[RaceStep] = []
    listeners = [(client.meta.events, _listener(name, steps)) for name, client in clients.items()]
    names = ("before-parameter-build.dynamodb", "after-call.dynamodb")
    try:
        for events, (
            before,
            after,
        ) in listeners:  # both see values as they travel, with their types
            events.register(names[0], before)
            events.register_first(names[1], after)
        yield steps
    finally:
        for events, listener in listeners:
            for name, handler in zip(names, listener, strict=True):
                events.unregister(name, handler)


def draw_race(steps: Sequence[RaceStep], product_id: str) -> Picture:
    """The steps of two or three executions on one product's item, from top to bottom in time.

    >>> draw_race([], "Phone").svg[:4]
    '<svg'
    """
    chosen = [step for step in steps if step.product_id == product_id]
    return race_picture(chosen, product_id)


def race_picture(steps: Sequence[RaceStep], product_id: str) -> Picture:
    """A race as a picture: an execution on each side, the item between them."""
    names = list(dict.fromkeys(step.execution for step in steps))
    if len(names) > 2:
        raise ValueError(
            f"a race is drawn of two executions, not of {len(names)}: {', '.join(names)}"
        )
    height = _TOP + _ROW * max(len(steps), 1) + 8
    left, right = [*names, "", ""][:2]
    rows = [_row(step, step.execution == left, _TOP + _ROW * n) for n, step in enumerate(steps)]
    svg = drawing(
        WIDTH, height, TITLE, describe(steps), text(20, 36, TITLE, 18, bold=True),
        text(20, 60, _subtitle(steps), 13, "soft"),
        text(145, 96, f"execution {left}" if left else "", 15, anchor="middle", bold=True),
        text(430, 96, f"the item {fitted(product_id, 150, 15)}", 15, anchor="middle", bold=True),
        text(715, 96, f"execution {right}" if right else "", 15, anchor="middle", bold=True),
        path(f"M430 {_TOP - 14}V{height - 16}", "edge", 3), *rows,
    )  # fmt: skip
    return Picture(svg, WIDTH, height, TITLE, describe(steps))


def describe(steps: Sequence[RaceStep]) -> str:
    """The race in sentences."""
    if not steps:
        return "Nobody has read or written the item."
    return f"{plural(len(steps), 'step')}. " + " ".join(
        f"{step.execution} {_did(step)}: {_item(step)}." for step in steps
    )


def _subtitle(steps: Sequence[RaceStep]) -> str:
    if steps and all(step.version is None for step in steps):
        return (
            "Time runs from top to bottom. The number in the middle is the quantity after a write."
        )
    return (
        "A write names the version it has read. If the item has another one by now, "
        "DynamoDB refuses the write."
    )


def _did(step: RaceStep) -> str:
    if step.action == "read":
        return "reads"
    return "writes" if not step.error else "tries to write"


def _item(step: RaceStep) -> str:
    """What the item looks like to the step."""
    if step.error == _LOST:
        return _refused(step)
    if step.error:
        return step.error
    if step.version is None:
        missing = "there is no item" if step.action == "read" else "quantity not shown"
        return missing if step.quantity is None else plural(step.quantity, "piece")
    pieces = "" if step.quantity is None else f", {plural(step.quantity, 'piece')}"
    return f"version {step.version}{pieces}"


def _refused(step: RaceStep) -> str:
    if step.version is None:
        return "the condition fails, refused"
    if step.expected_version is None:
        return "expects no version, refused"
    return f"expects version {step.expected_version}, refused"


def _row(step: RaceStep, is_left: bool, y: float) -> str:
    x = 20 if is_left else 590
    color = "denied" if step.error else "allowed" if step.action == "write" else "line"
    sign = "✕" if step.error else "✓" if step.action == "write" else "◦"
    head = text(
        x + 12, y + 22, f"{sign} {_did(step)}", 14, "text" if color == "line" else color, bold=True
    )
    mark = f"processed up to {step.watermark}" if step.watermark and not step.error else ""
    facts = text(x + 12, y + 42, fitted(_item(step), 232, 13), 13, "soft")
    shape = box(x, y, 250, 70, "box", color, radius=8, thickness=2)
    words = head + facts + text(x + 12, y + 60, mark, 13, "soft")
    return shape + words + _arrow(step, is_left, y + 35, color) + _state(step, y + 7)


def _arrow(step: RaceStep, is_left: bool, y: float, color: str) -> str:
    """From the item to the reader, from the writer to the item; a refused write stops short of it."""
    near, far = (270, 424) if is_left else (590, 436)
    pill = 390 if is_left else 470
    if step.action == "read":
        toward = "left" if is_left else "right"
        start, end = far, near + (11 if is_left else -11)
        return path(f"M{start} {y}H{end}", color, 2, dash="2 5") + arrow_head(
            near, y, toward, color
        )
    toward = "right" if is_left else "left"
    tip = pill if not step.error else (345 if is_left else 515)
    end = tip + (-11 if is_left else 11)
    barrier = path(f"M{tip + (6 if is_left else -6)} {y - 14}v28", color, 4) if step.error else ""
    return path(f"M{near} {y}H{end}", color, 2.5) + arrow_head(tip, y, toward, color) + barrier


def _state(step: RaceStep, y: float) -> str:
    """The version that a successful write gives the item, or the quantity when it has no version."""
    value = step.quantity if step.version is None else f"v{step.version}"
    if step.action == "read" or step.error or value is None:
        return ""
    return box(392, y + 12, 76, 32, "lit", "lit_edge", radius=16, thickness=2) + text(
        430, y + 33, value, 14, anchor="middle", bold=True
    )


def _listener(name: str, steps: list[RaceStep]) -> tuple[Any, Any]:
    """Two handlers of botocore's events: one keeps a request, one notes what came of it."""

    def before(params: Attributes, context: dict[str, Any], **_: object) -> None:
        context["inventory_lab_race"] = dict(params)

    def after(parsed: Attributes, context: Attributes, model: Any, **_: object) -> None:
        request = context.get("inventory_lab_race", {})
        error = parsed.get("Error", {}).get("Code", "")
        steps.extend(
            replace(s, execution=name) for s in steps_of(model.name, request, parsed, error)
        )

    return before, after


def steps_of(
    operation: str, request: Attributes, answer: Attributes, error: str = ""
) -> Iterator[RaceStep]:
    """The steps of a call of DynamoDB: one for each item that it reads or writes."""
    if operation == "GetItem":
        yield _read(request["Key"], answer.get("Item"))
    elif operation == "BatchGetItem":
        for table, keys_of_table in request["RequestItems"].items():
            items = answer.get("Responses", {}).get(table, [])
            items_by_key = {_key(item): item for item in items}
            for key in keys_of_table["Keys"]:
                yield _read(key, items_by_key.get(_key(key)))
    elif operation in _WRITES:
        values = request.get("ExpressionAttributeValues", {})
        written = dict(request.get("Item", {})) or {
            k.removeprefix(":"): v for k, v in values.items()
        }
        written |= answer.get("Attributes", {}) if operation == "UpdateItem" else {}
        step = _read(request.get("Key") or request["Item"], written)
        yield replace(
            step, action="write", expected_version=_number(values.get(":read")), error=error
        )


def _read(key: Attributes, item: Attributes | None) -> RaceStep:
    item = item or {}
    return RaceStep(
        "", "read", _key(key), _number(item.get("version")), _number(item.get("quantity")),
        _watermark(item.get("watermarks")),
    )  # fmt: skip


def _key(attributes: Attributes) -> str:
    return str(attributes.get("product_id", {}).get("S", ""))


def _number(value: Attributes | None) -> int | None:
    return int(value["N"]) if value and "N" in value else None


def _watermark(value: Attributes | None) -> str:
    """The end of the highest sequence number that the item has processed, of any shard."""
    numbers = [int(v["S"]) for v in (value or {}).get("M", {}).values() if v.get("S", "").isdigit()]
    return shown(max(numbers)) if numbers else ""
