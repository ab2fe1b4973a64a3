"""What once went wrong, or would: nothing is lost silently, and reconcile never calls it exact."""

from __future__ import annotations

import io
import json
import os
import zipfile

import pytest

from inventory_lab import Lab, ProductAdded, QuantityChanged, RawRecord, Settings, connect
from inventory_lab.domain.events import DEEPEST_NESTING, encode_event
from inventory_lab.exceptions import UnmockedCall
from tests.operate.table_damage import damage

FUNCTION = "update-inventory"


def deploy(lab: Lab, source: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", source)
    functions = lab.session("admin").client("lambda")
    functions.update_function_code(FunctionName=FUNCTION, ZipFile=buffer.getvalue())
    functions.update_function_configuration(FunctionName=FUNCTION, Handler="app.handle")


def interrupted_once(lab: Lab) -> None:
    deploy(lab, "def handle(event, context):\n    raise KeyboardInterrupt\n")


def test_an_interrupt_in_the_middle_of_a_batch_loses_nothing(built: Lab) -> None:
    receipt = built.publish([ProductAdded("a", 5), ProductAdded("b", 6), ProductAdded("c", 7)])
    interrupted_once(built)
    with pytest.raises(KeyboardInterrupt):
        built.settle(receipt)
    built.build()  # the real function again
    assert built.settle(receipt)
    assert built.inventory()["quantity"].to_dict() == {"a": 5, "b": 6, "c": 7}
    assert built.reconcile().exact


@pytest.mark.parametrize(
    "body",
    [
        "import asyncio\n    raise asyncio.CancelledError",
        "raise GeneratorExit",
        "raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})()",
        "return {'batchItemFailures': True}",
        "return {'batchItemFailures': [{'itemIdentifier': {}}]}",
        "deep = []\n    for _ in range(100_000): deep = [deep]\n    return deep",
        "import sys\n    sys.path = [p for p in sys.path if 'inventory-lab-' not in p]\n    1 / 0",
    ],
)
def test_an_odd_end_of_a_handler_fails_the_batch_which_is_tried_again(
    built: Lab, body: str
) -> None:
    deploy(built, f"def handle(event, context):\n    {body}\n")
    receipt = built.publish(ProductAdded("a", 5))
    assert built.pump().failures == 1
    built.build()
    assert built.settle(receipt)
    assert built.inventory()["quantity"].to_dict() == {"a": 5}


def test_a_handler_that_changes_the_path_leaves_no_credentials_behind(built: Lab) -> None:
    deploy(built, "import sys\ndef handle(event, context):\n    sys.path = []\n")
    before = dict(os.environ)
    built.publish(ProductAdded("a", 5))
    built.pump()
    assert dict(os.environ) == before


def test_without_its_dead_letter_queue_a_failing_batch_is_not_given_up() -> None:
    with connect(settings=Settings(retries=1)) as lab:
        lab.build()
        sqs = lab.session("root").client("sqs")
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="inventory-pipe-dlq")["QueueUrl"])
        lab.session("admin").client("lambda").delete_function(FunctionName=FUNCTION)
        receipt = lab.publish([ProductAdded("a", 5), ProductAdded("b", 5)])
        assert not lab.settle(receipt, timeout=10)
        lab.build()
        assert lab.settle(receipt)
        assert lab.reconcile().exact


def test_records_that_were_passed_and_never_processed_are_lost_and_not_pending(built: Lab) -> None:
    deploy(built, "def handle(event, context):\n    return None\n")
    assert built.settle(built.publish([ProductAdded("a", 5), ProductAdded("b", 5)]))
    result = built.reconcile()
    assert (len(result.lost), result.pending, result.exact) == (2, 0, False)


def test_an_event_applied_again_after_it_was_forgotten_is_reported(built: Lab) -> None:
    at = "2026-01-05T09:00:00Z"
    events = [QuantityChanged("a", 1, event_id=f"e{n}", occurred_at=at) for n in range(70)]
    unnumbered = [RawRecord("a", encode_event(event)) for event in (*events, events[0])]
    built.settle(built.publish([ProductAdded("a", 5), *unnumbered], ordered=True))
    result = built.reconcile()
    assert (result.applied_twice, result.exact) == (("e0",), False)


def test_a_product_that_moved_through_many_shards_still_reconciles(built: Lab) -> None:
    kinesis = built.session("root").client("kinesis")
    built.settle(built.publish(ProductAdded("a", 5)))
    for _ in range(6):
        shard_id = built.records()["shard_id"].max()
        shards = kinesis.list_shards(StreamName="e-commerce-streaming")["Shards"]
        [range_] = [s["HashKeyRange"] for s in shards if s["ShardId"] == shard_id]
        middle = (int(range_["StartingHashKey"]) + int(range_["EndingHashKey"])) // 2
        kinesis.split_shard(
            StreamName="e-commerce-streaming",
            ShardToSplit=shard_id,
            NewStartingHashKey=str(middle),
        )
        assert built.settle(built.publish(QuantityChanged("a", 1)))
    result = built.reconcile()
    assert (result.applied, result.pending, result.exact) == (7, 0, True)


def test_what_was_committed_before_a_crash_is_counted(built: Lab) -> None:
    full = {"product_id": {"S": "z"}, "note": {"S": "x" * 404_950}}  # no room for what we would add
    built.session("root").client("dynamodb").put_item(TableName="inventory", Item=full)
    events = [ProductAdded(f"p{n}", 50) for n in range(20)]
    built.settle(built.publish([*events[:10], ProductAdded("z", 3), *events[10:]]))
    result = built.reconcile()
    assert (result.published, result.applied, result.dead_letters) == (21, 20, 1)
    assert result.exact
    assert built.reports()["redelivered"] > 0


@pytest.mark.parametrize("depth", [DEEPEST_NESTING - 5, 700, 850, 1_000])
def test_the_depth_of_the_call_stack_decides_nothing(built: Lab, depth: int) -> None:
    body = json.loads(encode_event(ProductAdded("a", 3, occurred_at="2026-01-05T09:00:00Z")))
    nested = b'"x":' + b"[" * depth + b"]" * depth
    data = json.dumps(body).encode()[:-1] + b"," + nested + b"}"
    built.settle(built.publish(RawRecord("a", data)))
    result = built.reconcile()
    assert (result.applied, result.exact) == (1 if depth < DEEPEST_NESTING else 0, True)


def test_a_log_group_that_was_deleted_is_created_again(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("a", 5)))
    logs = built.session("root").client("logs")
    logs.delete_log_group(logGroupName=f"/aws/lambda/{FUNCTION}")
    assert built.settle(built.publish(QuantityChanged("a", 1)))
    assert built.reports()["applied"] == 1
    assert built.inventory().loc["a", "quantity"] == 6


def test_messages_of_others_are_named_and_stop_nothing(built: Lab) -> None:
    built.settle(built.publish(QuantityChanged("ghost", 1)))
    sqs = built.session("root").client("sqs")
    for queue in ("inventory-rejected", "inventory-pipe-dlq", "inventory-alerts-inbox"):
        for text in ("hello", "[1]", "{}"):
            url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
            sqs.send_message(QueueUrl=url, MessageBody=text)
    with pytest.warns(UserWarning, match="3 messages in 'inventory-alerts-inbox'"):
        assert len(built.alerts()) == 0
    with pytest.warns(UserWarning, match="3 messages in 'inventory-rejected' are not from this"):
        assert len(built.rejected()) == 1
    with pytest.warns(UserWarning, match="3 messages in 'inventory-") as warned:
        assert built.reconcile().exact
    assert len(warned) == 2


def test_an_alert_by_hand_is_shown_by_its_text(built: Lab) -> None:
    topic = built.account.topic_arn()
    built.session("root").client("sns").publish(TopicArn=topic, Message="hello")
    assert list(built.alerts()["text"]) == ["hello"]


def test_the_alerts_of_the_simple_design_are_shown() -> None:
    with connect(settings=Settings(handler="per_record")) as lab:
        lab.build()
        lab.settle(lab.publish(ProductAdded("a", 5_000)))
        assert list(lab.alerts()["text"]) == ["High stock of a: 5000 pieces"]


def test_other_log_lines_are_not_reports(built: Lab) -> None:
    deploy(built, "def handle(event, context):\n    print('my \"report\" of the batch')\n")
    built.settle(built.publish(ProductAdded("a", 5)))
    assert built.reports()["records"] == 0


@pytest.mark.parametrize(
    "report",
    [
        '{"report": "batch", "applied": "x"}',
        '{"report": "batch", "applied": null}',
        '{"report": "batch", "applied": 1e400}',
        '{"report": "batch", "applied": -1}',
        '{"report": "batch", "first": "1"}',
        '{"report": "batch", "first": "a", "last": "b", "shard_id": "s", "records": 1}',
        '{"report": "batch", "first": 1e400, "last": "2", "shard_id": "s", "records": 1}',
        '{"report": "late_parent", "partition_key": "Phone", "shard_id": "s", "first": "x"}',
        '{"report": ["batch"]}',
    ],
)
def test_a_report_that_cannot_be_read_stops_nothing(built: Lab, report: str) -> None:
    deploy(built, f"def handle(event, context):\n    print({report!r})\n")
    built.settle(built.publish(ProductAdded("Phone", 5)))
    assert set(built.reports().values()) == {0}
    assert len(built.reconcile().lost) == 1


def test_no_product_id_can_write_a_report(built: Lab) -> None:
    name = '\n{"report":"batch","applied":5}\n'
    built.settle(built.publish(ProductAdded(name, 5)))
    damage(built, name, quantity={"N": "2.5"})
    built.publish(QuantityChanged(name, -1))
    for _ in range(3):  # each time the function says of which product the item is broken
        built.pump()
    assert built.reports()["applied"] == 1


def test_deep_payloads_can_be_looked_at(built: Lab) -> None:
    built.publish(RawRecord("a", b"[" * 200_000))
    assert built.records().loc[0, "data"].startswith("[[[")


@pytest.mark.parametrize("protocol", ["http", "https"])
def test_no_topic_posts_to_an_address(built: Lab, protocol: str) -> None:
    sns = built.session("admin").client("sns")
    with pytest.raises(UnmockedCall, match=r"example\.invalid"):
        sns.subscribe(
            TopicArn=built.account.topic_arn(),
            Protocol=protocol,
            Endpoint=f"{protocol}://example.invalid/sns",
        )


def test_dead_letters_of_another_stream_are_not_counted(built: Lab) -> None:
    built.settle(built.publish(ProductAdded("a", 5)))
    sqs = built.session("root").client("sqs")
    url = sqs.get_queue_url(QueueName="inventory-pipe-dlq")["QueueUrl"]
    info = {
        "shardId": "shardId-000000000000",
        "startSequenceNumber": "0",
        "endSequenceNumber": "9" * 56,
        "batchSize": 5,
        "streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/another",
    }
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"KinesisBatchInfo": info}))
    result = built.reconcile()
    assert (result.dead_letters, result.exact) == (0, True)


def test_latest_skips_what_was_there_also_in_the_children_of_a_reshard(built: Lab) -> None:
    pipes = built.session("admin").client("pipes")
    pipe = pipes.describe_pipe(Name="inventory-pipe")
    pipes.delete_pipe(Name="inventory-pipe")
    built.publish(ProductAdded("old", 1))
    built.session("admin").client("kinesis").update_shard_count(
        StreamName="e-commerce-streaming", TargetShardCount=4, ScalingType="UNIFORM_SCALING"
    )
    built.publish(ProductAdded("older children", 1))
    parameters = pipe["SourceParameters"]
    parameters["KinesisStreamParameters"]["StartingPosition"] = "LATEST"
    pipes.create_pipe(
        Name="inventory-pipe",
        Source=pipe["Source"],
        Target=pipe["Target"],
        RoleArn=pipe["RoleArn"],
        SourceParameters=parameters,
    )
    for _ in range(3):
        built.pump()
    built.settle(built.publish(ProductAdded("new", 1)))
    assert list(built.inventory().index) == ["new"]
