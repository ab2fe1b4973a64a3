from __future__ import annotations

import base64
import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from inventory_lab.domain.errors import MalformedBatch
from inventory_lab.domain.inventory import Item, Status, Thresholds
from inventory_lab.function.concurrency import in_threads, one_by_one
from inventory_lab.function.handler import RESERVED_MILLISECONDS, FoldingHandler
from inventory_lab.function.notices import Notices
from inventory_lab.function.store import Store, to_item
from tests.fakes import FakeContext, FakeDynamoDB, FakeQueue, client_error

Batch = list[dict[str, Any]]


class Pipeline:
    """A handler with its fakes."""

    def __init__(self, concurrency: int = 1) -> None:
        self.table, self.topic, self.queue = FakeDynamoDB(), FakeQueue(), FakeQueue()
        store = Store(self.table, "inventory", tombstone_days=366)
        notices = Notices(self.topic, self.queue, "topic", "queue", Thresholds(1000, 10))
        self.context = FakeContext()
        map_calls = in_threads(concurrency) if concurrency > 1 else one_by_one
        self.handler = FoldingHandler(store, notices, map_calls)

    def process(self, batch: Any, remaining: int = 60_000) -> list[str]:
        """The identifiers that the answer names as failed."""
        self.context.remaining = remaining
        answer = self.handler.process(batch, self.context)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def item(self, product: str) -> Item:
        return to_item(self.table.items[product])


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline()


def ids(batch: Batch, key: str) -> list[str]:
    return [record["eventID"] for record in batch if record["partitionKey"] == key]


def report(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    counts: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return counts


def test_a_batch_is_folded_into_one_write_a_product(pipeline: Pipeline, pipe_batch: Batch) -> None:
    assert pipeline.process(pipe_batch) == []
    assert pipeline.table.updates == 2
    assert (pipeline.item("Phone").quantity, pipeline.item("Phone").version) == (9, 1)
    assert (pipeline.item("Watch").quantity, pipeline.item("Watch").version) == (1010, 1)


def test_one_json_line_reports_the_batch(
    pipeline: Pipeline, pipe_batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.process(pipe_batch)
    assert report(capsys) == {
        "report": "batch",
        "shard_id": "shardId-000000000000",
        "first": pipe_batch[0]["sequenceNumber"],
        "last": pipe_batch[-1]["sequenceNumber"],
        "records": 6,
        "applied": 4,
        "rejected": 2,
        "duplicates": 0,
        "redelivered": 0,
        "failed": 0,
        "alerts": 2,
    }


def test_alerts_tell_which_threshold_was_crossed(pipeline: Pipeline, pipe_batch: Batch) -> None:
    pipeline.process(pipe_batch)
    assert [entry["Message"] for entry in pipeline.topic.sent] == [
        "Stock of Phone fell below 10: 9 pieces",
        "Stock of Watch rose above 1000: 1010 pieces",
    ]
    attributes = pipeline.topic.sent[0]["MessageAttributes"]
    assert attributes["quantity_before"] == {"DataType": "Number", "StringValue": "12"}
    assert attributes["deduplication_id"]["StringValue"].startswith("Phone/shardId-000000000000/49")


def test_a_rejected_record_is_kept_whole_with_its_reason(
    pipeline: Pipeline, pipe_batch: Batch
) -> None:
    pipeline.process(pipe_batch)
    bodies = [json.loads(entry["MessageBody"]) for entry in pipeline.queue.sent]
    assert [body["reason"] for body in bodies] == ["InsufficientStock", "MalformedEvent"]
    assert bodies[0]["event_id"] == "p-3"
    assert bodies[1]["event_id"] is None
    assert base64.b64decode(bodies[1]["payload_base64"]) == b'{"event_id": poison'
    assert bodies[1]["sequence_number"] == pipe_batch[3]["sequenceNumber"]


def test_a_large_rejected_payload_is_kept_as_pointer_digest_and_beginning(
    pipeline: Pipeline, pipe_batch: Batch
) -> None:
    data = b"x" * (256 * 1024 + 1)
    pipeline.process([pipe_batch[3] | {"data": base64.b64encode(data).decode()}])
    body = json.loads(pipeline.queue.sent[0]["MessageBody"])
    assert body["payload_is_whole"] is False
    assert body["payload_bytes"] == len(data)
    assert base64.b64decode(body["payload_base64"]) == data[:4096]


def test_a_redelivered_batch_changes_nothing_and_sends_nothing(
    pipeline: Pipeline, pipe_batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.process(pipe_batch)
    items, sent = dict(pipeline.table.items), len(pipeline.topic.sent) + len(pipeline.queue.sent)
    pipeline.process(pipe_batch)
    assert pipeline.table.items == items
    assert pipeline.table.updates == 2
    assert len(pipeline.topic.sent) + len(pipeline.queue.sent) == sent
    assert report(capsys)["redelivered"] == 6


def test_a_throttled_product_is_returned_whole_and_the_others_are_committed(
    pipeline: Pipeline, pipe_batch: Batch
) -> None:
    def throttle(number: int) -> None:
        if number <= 4:
            raise client_error("ThrottlingException")

    pipeline.table.before_update = throttle
    assert pipeline.process(pipe_batch) == ids(pipe_batch, "Phone")
    assert list(pipeline.table.items) == ["Watch"]
    assert pipeline.process(pipe_batch) == []
    assert pipeline.item("Phone").quantity == 9


def test_a_write_whose_answer_is_lost_is_repeated_and_finds_itself(
    pipeline: Pipeline, pipe_batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lose(number: int) -> None:
        if number == 1:
            raise ReadTimeoutError(endpoint_url="https://dynamodb")

    pipeline.table.after_update = lose
    assert pipeline.process(pipe_batch) == []
    assert (pipeline.item("Phone").quantity, pipeline.item("Phone").version) == (9, 1)
    assert report(capsys)["applied"] == 4


def test_a_lost_race_is_processed_again_on_what_the_winner_wrote(
    pipeline: Pipeline, pipe_batch: Batch
) -> None:
    winner = Pipeline()

    def overtake(number: int) -> None:
        if number == 1:
            winner.process(pipe_batch[:3])
            pipeline.table.items["Phone"] = winner.table.items["Phone"]

    pipeline.table.before_update = overtake
    assert pipeline.process(pipe_batch) == []
    assert (pipeline.item("Phone").quantity, pipeline.item("Phone").version) == (9, 2)
    assert pipeline.item("Phone").applied_count == 2


def test_a_product_that_always_loses_is_returned(pipeline: Pipeline, pipe_batch: Batch) -> None:
    def always_ahead(number: int) -> None:
        version = {"N": str(100 + number)}
        pipeline.table.items["Phone"] = {"product_id": {"S": "Phone"}, "version": version}

    pipeline.table.before_update = always_ahead
    assert pipeline.process([pipe_batch[0]]) == [pipe_batch[0]["eventID"]]


def test_a_record_whose_notice_cannot_be_sent_is_failed_with_its_product(
    pipeline: Pipeline, pipe_batch: Batch
) -> None:
    pipeline.queue.refuse = [{1}]
    assert pipeline.process(pipe_batch) == ids(pipe_batch, "Watch")
    assert list(pipeline.table.items) == ["Phone"]


def test_notices_go_out_before_the_commit(pipeline: Pipeline, pipe_batch: Batch) -> None:
    def crash(number: int) -> None:
        raise RuntimeError(f"crash before commit {number}")

    pipeline.table.before_update = crash
    with pytest.raises(RuntimeError):
        pipeline.process(pipe_batch)
    assert len(pipeline.topic.sent) == 2
    assert len(pipeline.queue.sent) == 2


def test_a_denied_access_is_not_mistaken_for_something_to_retry(
    pipeline: Pipeline, pipe_batch: Batch
) -> None:
    def deny(number: int) -> None:
        raise client_error("AccessDeniedException", Number=number)

    pipeline.table.before_update = deny
    with pytest.raises(Exception, match="AccessDeniedException"):
        pipeline.process(pipe_batch)


def test_without_time_left_nothing_is_called_and_the_whole_batch_is_returned(
    pipeline: Pipeline, pipe_batch: Batch
) -> None:
    late = RESERVED_MILLISECONDS - 1
    assert pipeline.process(pipe_batch, late) == [r["eventID"] for r in pipe_batch]
    assert (pipeline.table.reads, pipeline.table.items) == (0, {})
    assert pipeline.topic.calls == pipeline.queue.calls == []


def sales(pipe_batch: Batch, count: int, data: bytes | None = None) -> Batch:
    """One record for each of so many products: an addition, or this data."""
    batch = []
    for n in range(count):
        key, number = f"p{n}", str(10**55 + n)
        body = data or json.dumps(ADDITION | {"product_id": key, "event_id": key}).encode()
        batch.append(
            pipe_batch[0]
            | {
                "partitionKey": key,
                "sequenceNumber": number,
                "eventID": f"shardId-000000000000:{number}",
                "data": base64.b64encode(body).decode(),
            }
        )
    return batch


ADDITION = {"event_type": "product_added", "quantity": 50, "schema_version": 1}
ADDITION |= {"occurred_at": "2026-01-05T09:00:00Z"}


def test_the_clock_is_asked_before_every_write(
    pipeline: Pipeline, pipe_batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.table.before_update = lambda number: pipeline.context.spend(10)
    batch = sales(pipe_batch, 10_000)
    failed = pipeline.process(batch)
    written = (60_000 - RESERVED_MILLISECONDS) // 10 + 1
    assert (len(pipeline.table.items), len(failed)) == (written, 10_000 - written)
    assert pipeline.context.remaining >= RESERVED_MILLISECONDS - 10
    assert failed == [record["eventID"] for record in batch[written:]]
    assert report(capsys)["failed"] == 10_000 - written


def test_notices_count_against_the_time_limit_too(pipeline: Pipeline, pipe_batch: Batch) -> None:
    pipeline.queue.before_call = lambda: pipeline.context.spend(100)
    pipeline.table.before_update = lambda number: pipeline.context.spend(10)
    batch = sales(pipe_batch, 10_000, data=b"{")
    failed = pipeline.process(batch)
    assert len(pipeline.queue.calls) == (60_000 - RESERVED_MILLISECONDS) // 100 + 1
    assert failed == [record["eventID"] for record in batch]
    assert pipeline.table.items == {}
    assert pipeline.context.remaining >= RESERVED_MILLISECONDS - 100


def test_ten_thousand_poison_records_are_done_in_a_few_invocations(
    pipeline: Pipeline, pipe_batch: Batch
) -> None:
    pipeline.queue.before_call = lambda: pipeline.context.spend(20)
    pipeline.table.before_update = lambda number: pipeline.context.spend(10)
    left, rounds = sales(pipe_batch, 10_000, data=b"{"), []
    while left:
        failed = set(pipeline.process(left))
        rounds.append(len(left) - len(failed))
        left = [record for record in left if record["eventID"] in failed]
    assert rounds == [3_201, 3_841, 2_958]


def test_retries_of_a_write_ask_the_clock_as_well(pipeline: Pipeline, pipe_batch: Batch) -> None:
    def throttle(number: int) -> None:
        pipeline.context.spend(55_000)
        raise client_error("ThrottlingException")

    pipeline.table.before_update = throttle
    assert pipeline.process(pipe_batch[:1]) == [pipe_batch[0]["eventID"]]
    assert pipeline.table.updates == 1


def test_products_are_committed_at_the_same_time(pipe_batch: Batch) -> None:
    pipeline, meeting = Pipeline(concurrency=4), threading.Barrier(4)

    def meet(number: int) -> None:
        meeting.wait(timeout=30)

    pipeline.table.before_update = meet
    assert pipeline.process(sales(pipe_batch, 8)) == []
    assert len(pipeline.table.items) == 8


def test_an_error_in_one_thread_does_not_lose_the_report_of_the_others(
    pipe_batch: Batch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline = Pipeline(concurrency=4)

    def deny(number: int) -> None:
        if number == 1:
            raise client_error("AccessDeniedException")

    pipeline.table.before_update = deny
    with pytest.raises(Exception, match="AccessDeniedException"):
        pipeline.process(sales(pipe_batch, 50))
    counts = report(capsys)
    assert (counts["applied"], counts["failed"]) == (49, 1)
    assert len(pipeline.table.items) == 49


@pytest.mark.parametrize(
    "error",
    [
        client_error("ProvisionedThroughputExceededException"),
        ReadTimeoutError(endpoint_url="https://dynamodb"),
    ],
    ids=["throttled", "timed out"],
)
def test_a_page_that_cannot_be_read_fails_its_products_alone(
    pipeline: Pipeline, pipe_batch: Batch, error: Exception
) -> None:
    def refuse(keys: list[str]) -> None:
        if "p0" in keys:
            raise error

    batch = sales(pipe_batch, 150)
    pipeline.table.before_read = refuse
    assert pipeline.process(batch) == [record["eventID"] for record in batch[:100]]
    pipeline.table.before_read = lambda keys: None
    assert pipeline.process(batch) == []
    assert len(pipeline.table.items) == 150


def test_a_read_that_nobody_may_make_is_an_error(pipeline: Pipeline, pipe_batch: Batch) -> None:
    def deny(keys: list[str]) -> None:
        raise client_error("AccessDeniedException", Keys=keys)

    pipeline.table.before_read = deny
    with pytest.raises(Exception, match="AccessDeniedException"):
        pipeline.process(pipe_batch)


def test_an_alert_is_computed_from_a_consistent_read(pipeline: Pipeline, pipe_batch: Batch) -> None:
    for record in pipe_batch:
        pipeline.process([record])
    assert pipeline.table.updates == len(pipe_batch)  # no write met an item it had not read
    assert len(pipeline.topic.sent) == 2


def test_large_rejections_are_sent_in_calls_that_sqs_accepts(
    pipeline: Pipeline, pipe_batch: Batch
) -> None:
    batch = sales(pipe_batch, 9, data=b"{" + b"x" * 180_000)
    assert pipeline.process(batch) == []
    assert pipeline.queue.calls == [1] * 9


def test_the_batch_of_an_event_source_mapping_is_read_like_that_of_a_pipe(
    pipe_batch: Batch, mapping_batch: dict[str, Any]
) -> None:
    behind_pipe, behind_mapping = Pipeline(), Pipeline()
    assert behind_pipe.process(pipe_batch) == behind_mapping.process(mapping_batch) == []
    assert behind_mapping.table.items == behind_pipe.table.items
    assert behind_mapping.queue.sent == behind_pipe.queue.sent


def test_a_mapping_gets_the_sequence_numbers_of_what_failed(
    mapping_batch: dict[str, Any], pipe_batch: Batch
) -> None:
    failed = Pipeline().process(mapping_batch, remaining=0)
    assert failed == [record["sequenceNumber"] for record in pipe_batch]


def test_keys_that_dynamodb_leaves_unread_are_asked_for_again(
    pipeline: Pipeline, pipe_batch: Batch
) -> None:
    pipeline.process(pipe_batch[:1])
    pipeline.table.unprocessed = [{"Phone"}]
    assert pipeline.process(pipe_batch) == []
    assert pipeline.item("Phone").quantity == 9


def test_products_that_stay_unread_are_returned(pipeline: Pipeline, pipe_batch: Batch) -> None:
    pipeline.table.unprocessed = [{"Phone"}] * 4
    assert pipeline.process(pipe_batch) == ids(pipe_batch, "Phone")


def test_a_tombstone_expires_and_an_active_product_does_not(
    pipeline: Pipeline, pipe_batch: Batch
) -> None:
    removal = {"event_type": "product_removed", "event_id": "p-9", "product_id": "Phone"}
    removal |= {"occurred_at": "2026-01-05T09:00:00Z", "schema_version": 1}
    number = str(int(pipe_batch[-1]["sequenceNumber"]) + 1)
    last = pipe_batch[-1] | {
        "data": base64.b64encode(json.dumps(removal).encode()).decode(),
        "sequenceNumber": number,
        "eventID": f"shardId-000000000000:{number}",
    }
    pipeline.process([*pipe_batch, last])
    assert pipeline.item("Phone").status is Status.REMOVED
    arrived = int(last["approximateArrivalTimestamp"])
    assert pipeline.table.items["Phone"]["expires_at"] == {"N": str(arrived + 366 * 86_400)}
    assert "expires_at" not in pipeline.table.items["Watch"]


def test_a_product_that_comes_back_no_longer_expires(pipeline: Pipeline, pipe_batch: Batch) -> None:
    sale_of_unknown, addition = pipe_batch[2], dict(pipe_batch[0])
    pipeline.process([sale_of_unknown])
    assert pipeline.item("Phone").status is Status.UNKNOWN
    assert "expires_at" in pipeline.table.items["Phone"]
    number = str(int(sale_of_unknown["sequenceNumber"]) + 1)
    addition |= {"sequenceNumber": number, "eventID": f"shardId-000000000000:{number}"}
    pipeline.process([addition])
    assert pipeline.item("Phone").status is Status.ACTIVE
    assert "expires_at" not in pipeline.table.items["Phone"]


def test_attributes_of_others_survive(pipeline: Pipeline, pipe_batch: Batch) -> None:
    pipeline.process(pipe_batch[:1])
    pipeline.table.items["Phone"]["price"] = {"N": "399"}
    pipeline.process(pipe_batch)
    assert pipeline.table.items["Phone"]["price"] == {"N": "399"}


def test_more_than_100_products_are_read_page_by_page(
    pipeline: Pipeline, pipe_batch: Batch
) -> None:
    batch = []
    for n in range(250):
        shard, number = f"shardId-{n:012d}", str(10**55 + n)
        batch.append(pipe_batch[3] | {"partitionKey": f"p{n}", "eventID": f"{shard}:{number}"})
    assert pipeline.process(batch) == []
    assert len(pipeline.table.items) == 250


def test_notices_are_sent_ten_at_a_time(pipeline: Pipeline, pipe_batch: Batch) -> None:
    batch = [pipe_batch[3] | {"partitionKey": f"p{n}"} for n in range(25)]
    pipeline.process(batch)
    assert pipeline.queue.calls == [10, 10, 5]


@pytest.mark.parametrize(
    "event",
    [{"records": []}, {"Records": {}}, {"Records": [{"data": "eA=="}]}, None, "text", [{}], [7]],
)
def test_anything_but_a_batch_of_kinesis_records_is_refused(pipeline: Pipeline, event: Any) -> None:
    with pytest.raises(MalformedBatch, match="the JSON array of flat Kinesis records"):
        pipeline.handler.process(event, FakeContext())


def test_an_empty_batch_succeeds(pipeline: Pipeline) -> None:
    assert pipeline.process([]) == []
