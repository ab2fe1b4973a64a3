"""Reads what a dashboard shows: the numbers each second, the chosen view as often as its cost allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from inventory_lab.domain.inventory import Record
from inventory_lab.observe import table
from inventory_lab.observe.report_tail import ReportTail
from inventory_lab.observe.stream_tail import ShardTail, StreamTail
from inventory_lab.resources import queues
from inventory_lab.views.dashboard import panels
from inventory_lab.views.dashboard.pace import Pace
from inventory_lab.views.dashboard.state import Arrived, Sent, State, by_watermark
from inventory_lab.views.dashboard.verbs import Verbs
from inventory_lab.views.observed import StoredRecord, change_in, short_shard
from inventory_lab.views.shards import Lane, shards_picture

if TYPE_CHECKING:
    import pandas as pd

VIEWS = ("map", "shards", "alerts", "rejected", "dead letters")
SECONDS_EMBEDDED, SECONDS_AWS = 1.0, 5.0
"""How often the numbers are read; on an account each reading is a handful of calls that may cost."""
VIEW_SECONDS = 2.0
ROWS_SHOWN = 20
SHOWN_DIGITS = 8
DEPTH = "ApproximateNumberOfMessages"


class Readings:
    """Brings a state up to date. `clock` gives real time in seconds."""

    def __init__(self, verbs: Verbs, state: State, clock: Callable[[], float]) -> None:
        self._verbs, self._state = verbs, state
        self._stream, self._reports = StreamTail(), ReportTail()
        self._numbers = Pace(clock, SECONDS_EMBEDDED if verbs.embedded else SECONDS_AWS, share=0.2)
        self._view = Pace(clock, VIEW_SECONDS if verbs.embedded else SECONDS_AWS)

    def hurry(self) -> None:
        """Read everything at the next opportunity, because a person did something."""
        self._numbers.hurry()
        self._view.hurry()

    def read_numbers(self) -> None:
        """Read the table, what is new in stream and log, and what became of the event sent last."""
        if not self._numbers.is_due:
            return
        with self._numbers.measured():
            account, state = self._verbs.account, self._state
            self._stream.read(account)
            self._reports.read(account)
            contents = table.read(account)
            state.stored, state.totals = self._stream.count, dict(self._reports.totals)
            state.dead_letter_messages = self._depth("dead_letter_queue")
            arrived = self._arrived(by_watermark(contents.items))
            state.table_was_read(contents.items, arrived)
            if state.sent and state.sent.outcome == "waiting":
                state.sent = self._outcome(state.sent, arrived)

    def view(self, name: str) -> str | None:
        """The chosen view as HTML; None when it is not due yet."""
        if not self._view.is_due:
            return None
        with self._view.measured():
            match name:
                case "map":
                    return self._verbs.draw_map(self._state.stored)._repr_html_()
                case "shards":
                    return shards_picture(self.lanes())._repr_html_()
                case "alerts":
                    return panels.alerts(self._verbs.alerts().tail(ROWS_SHOWN))
                case "rejected":
                    return panels.failed(self._verbs.rejected().tail(ROWS_SHOWN))
                case _:
                    return panels.failed(self._verbs.dead_letters().tail(ROWS_SHOWN))

    def lanes(self) -> list[Lane]:
        """The newest records of each shard, and how far the pipe has come in them."""
        arrived = self._arrived(by_watermark(self._state.items))
        return [_lane(shard, tail, arrived) for shard, tail in self._stream.shards.items()]

    def _arrived(self, marked: Arrived) -> Arrived:
        """Watermarks say it best; a function that writes none leaves the word of the pipe."""
        if self._verbs.settings.handler == "fold":
            return marked
        return lambda _, shard, number: bool(self._verbs.passed(shard, number))

    def _outcome(self, sent: Sent, arrived: Arrived) -> Sent:
        if arrived(sent.product, sent.shard, sent.number):
            rejected = _row(self._verbs.rejected(), sent.record_id)
            if rejected:
                return replace(
                    sent,
                    outcome="rejected",
                    detail=": ".join(filter(None, (rejected["reason"], rejected["detail"]))),
                )
            return replace(sent, outcome="applied")
        if self._state.dead_letter_messages:
            given_up = _row(self._verbs.dead_letters(), sent.record_id)
            if given_up:
                return replace(sent, outcome="given up", detail=given_up["reason"])
        return sent

    def _depth(self, kind: str) -> int:
        url = queues.describe(self._verbs.account, kind)
        if url is None:
            return 0
        sqs = self._verbs.account.client("sqs")
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[DEPTH])
        return int(answer["Attributes"][DEPTH])


def _row(frame: pd.DataFrame, record_id: str) -> Mapping[str, str]:
    """The row of a record as strings by column; empty when there is none."""
    rows = frame[frame["record_id"] == record_id].to_dict("records")
    return {str(name): str(value) for name, value in rows[-1].items()} if rows else {}


def _lane(shard_id: str, tail: ShardTail, arrived: Arrived) -> Lane:
    done = [arrived(r.partition_key, shard_id, r.sequence_number) for r in tail.newest]
    position = max((place + 1 for place, is_done in enumerate(done) if is_done), default=0)
    records = tuple(_stored(shard_id, record) for record in tail.newest)
    return Lane(short_shard(shard_id), records, position, tail.count - len(records))


def _stored(shard_id: str, record: Record) -> StoredRecord:
    sequence = str(record.sequence_number)[-SHOWN_DIGITS:]
    change = change_in(record.data.decode("utf-8", errors="replace"))
    return StoredRecord(
        short_shard(shard_id), sequence, record.partition_key, change, record.arrived_at
    )
