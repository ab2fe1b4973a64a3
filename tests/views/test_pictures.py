"""Pictures of what moves: each from real records, and none says what the data does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from inventory_lab import (
    Lab,
    ProductAdded,
    QuantityChanged,
    RawRecord,
    Settings,
    connect,
    draw_attempts,
    draw_batch,
    draw_bisect,
    draw_decisions,
    draw_race,
    draw_role,
    draw_shards,
    draw_stock,
    draw_window,
    record_calls,
    simulate,
)
from inventory_lab.function.store import Store
from inventory_lab.iam.evaluation.decision import BOUNDARY, Decision
from inventory_lab.views.attempts import Attempts, attempts_picture
from inventory_lab.views.bisect import bisect_picture, last_bisect
from inventory_lab.views.decisions import stopped_at
from inventory_lab.views.observed import (
    BatchExecution,
    StoredRecord,
    by_shard,
    executions_of,
    records_of,
    short_error,
)
from inventory_lab.views.picture import Picture
from inventory_lab.views.race import RaceStep
from inventory_lab.views.shards import lanes_of
from inventory_lab.views.stock import StockStep, StockStory, stock_picture
from inventory_lab.views.window import closed_batches
from tests.views import svg_rules

FAILING = """
import base64, json
def handle(event, context):
    for record in event:
        if json.loads(base64.b64decode(record["data"])).get("delta") == -1:
            raise ValueError("one less")
"""


@pytest.fixture
def small() -> Iterator[Lab]:
    with connect(settings=Settings(shards=1, batch_size=8, retries=1)) as lab:
        lab.build()
        yield lab


def record(place: int, product: str = "Phone", shard: str = "0000") -> StoredRecord:
    return StoredRecord(shard, f"…{place}", product, "+1", float(place))


def execution(
    first: int, last: int, outcome: str, attempt: int = 1, failed: int = 0
) -> BatchExecution:
    size = last - first + 1
    return BatchExecution(
        "09:00:01", "0000", f"…{first}", f"…{last}", size, attempt, outcome, failed, ""
    )


# ------------------------------------------------------------ shards


def test_an_empty_stream_is_said_to_be_empty(built: Lab) -> None:
    picture = draw_shards(built)
    svg_rules.check(picture)
    assert picture.description == "The stream holds no records."


def test_without_a_pipe_no_position_is_drawn(lab: Lab) -> None:
    lab.build(through="stream")
    lab.publish(ProductAdded("Phone", 20))
    picture = draw_shards(lab)
    assert "passed" not in picture.svg
    assert "1 record" in picture.description


def test_the_position_of_the_pipe_is_behind_the_last_record_that_it_is_done_with(
    small: Lab,
) -> None:
    small.settle(small.publish([ProductAdded("Phone", 20), QuantityChanged("Phone", -5)]))
    small.publish(QuantityChanged("Phone", 1))
    picture = draw_shards(small)
    svg_rules.check(picture)
    assert picture.description == "Shard 0000: 3 records, 2 passed by the pipe, 1 waiting."
    assert picture.svg.count('stroke-dasharray="4 3"') == 1
    assert {"Phone", "new: 20", "−5", "+1"} <= set(svg_rules.words(picture))


def test_a_gap_stops_the_position_and_a_failed_batch_does_not_move_it() -> None:
    lane = [record(n) for n in range(6)]
    done = [execution(0, 1, "delivered"), execution(2, 3, "failed"), execution(4, 5, "delivered")]
    assert lanes_of(lane, done)[0].position == 2
    done.append(execution(2, 3, "dead letter", 2))
    assert lanes_of(lane, done)[0].position == 6


def test_a_partly_failed_batch_moves_a_mapping_to_its_first_failed_record() -> None:
    lane = [record(n) for n in range(4)]
    done = [execution(0, 3, "failed", failed=4), execution(0, 3, "partly failed", 2, failed=2)]
    assert lanes_of(lane, done, "mapping")[0].position == 2
    assert lanes_of(lane, done, "pipe")[0].position == 0
    done += [execution(2, 2, "dead letter", 3, failed=1), execution(3, 3, "delivered", 3)]
    assert lanes_of(lane, done, "mapping")[0].position == 4


def test_without_a_pipe_the_position_is_that_of_the_mapping() -> None:
    with connect("local", settings=Settings(reader="mapping", shards=1)) as lab:
        lab.build()
        lab.settle(lab.publish(ProductAdded("Phone", 20)))
        picture = draw_shards(lab)
    assert picture.description == "Shard 0000: 1 record, 1 passed by the mapping, 0 waiting."
    assert "the mapping has passed up to here" in svg_rules.words(picture)


def test_a_long_lane_shows_the_records_round_the_position_and_counts_them_all(small: Lab) -> None:
    small.settle(small.publish(simulate(events=40, products=3, seed=1)))
    picture = draw_shards(small)
    svg_rules.check(picture)
    assert "40 records" in picture.description
    assert "here 33 to 40" in svg_rules.words(picture)


# ------------------------------------------------------------ a batch


def test_a_batch_shows_what_became_of_each_record(small: Lab) -> None:
    small.settle(
        small.publish(
            [ProductAdded("Oven", 3), QuantityChanged("Oven", -5), RawRecord("Oven", b"hello")]
        )
    )
    picture = draw_batch(small)
    svg_rules.check(picture)
    assert picture.title == "A batch of 3 records, attempt 1: delivered"
    assert picture.description == (
        "Oven new: 3: applied; Oven −5: rejected (InsufficientStock); "
        "Oven no event: rejected (MalformedEvent)."
    )


def test_a_batch_that_the_log_does_not_have_is_refused(small: Lab) -> None:
    with pytest.raises(IndexError, match="0 executions, none at -1"):
        draw_batch(small)


def test_the_error_of_a_batch_leaves_out_what_differs_in_every_run(small: Lab) -> None:
    small.use_handler(FAILING)
    small.settle(small.publish(QuantityChanged("Oven", -1)))
    picture = draw_batch(small, 0)
    assert "ValueError: one less" in picture.svg
    assert "requestId" not in picture.svg


@pytest.mark.parametrize(
    ("error", "short"),
    [
        ("", ""),
        ("An error occurred (AccessDenied)", "An error occurred (AccessDenied)"),
        ('the function failed: {"errorMessage": "a \\"b\\" c", "requ', 'the function failed: a \\"b\\" c'),
        ('the function failed: {"requestId": "1"', "the function failed:"),
    ],
)  # fmt: skip
def test_errors_are_shortened(error: str, short: str) -> None:
    assert short_error(error) == short


# ------------------------------------------------------------ the attempts at a batch


def test_the_attempts_at_a_batch_show_the_answer_that_did_not_come(small: Lab) -> None:
    small.settle(small.publish(ProductAdded("Phone", 20)))
    with small.faults(crash_after_commit=1, at_most=1):
        small.settle(small.publish(QuantityChanged("Phone", -5)))
    picture = draw_attempts(small, "Phone")
    svg_rules.check(picture)
    assert svg_rules.words(picture).count("Phone: −5") == 2
    assert "✕ failed: the function's answer was lost" in svg_rules.words(picture)
    assert picture.description == (
        "Shard 0000, 2 executions. Attempt 1: failed: the function's answer was lost. Attempt 2: delivered. "
        "In the table now: 15 (Phone)."
    )


def test_of_many_attempts_the_last_ones_are_drawn_with_the_number_of_records(small: Lab) -> None:
    failed = BatchExecution("10:00:00", "0000", "1", "3", 3, 1, "failed", 0, "")
    executions = tuple(replace(failed, attempt=number) for number in range(1, 10))
    picture = attempts_picture(Attempts("Phone" * 20, record(1), executions, None))
    svg_rules.check(picture)
    words = svg_rules.words(picture)
    assert [word for word in words if word.startswith("attempt")] == [
        f"attempt {number}" for number in range(4, 10)
    ]
    assert sum("and 2 more" in word for word in words) == 6
    assert "Shard 0000, 9 executions, the last 6 are drawn" in words


def test_a_product_without_records_and_one_that_waits_have_no_attempts(small: Lab) -> None:
    svg_rules.check(draw_attempts(small, "Oven"))
    assert draw_attempts(small, "Oven").description == (
        "The stream has no record of Oven. In the table now: no item (Oven)."
    )
    small.publish(ProductAdded("Oven", 4))
    assert draw_attempts(small, "Oven").description.startswith("Shard 0000, 0 executions.")


# ------------------------------------------------------------ a bisect


def test_a_bisect_is_a_tree_down_to_the_record_that_fails(small: Lab) -> None:
    small.use_handler(FAILING)
    small.settle(small.publish([QuantityChanged("Oven", delta) for delta in (2, 3, -1, 4)]))
    tree = last_bisect(by_shard(records_of(small.records())), executions_of(small))
    assert tree is not None
    assert (tree.size, tree.outcomes, tree.leaves(), tree.depth()) == (4, ("bisected",), 3, 3)
    left, right = tree.halves
    assert (left.size, left.outcomes) == (2, ("delivered",))
    bad, good = right.halves
    assert (bad.label, bad.outcomes) == ("Oven −1", ("failed", "dead letter"))
    assert (good.label, good.outcomes) == ("Oven +4", ("delivered",))
    svg_rules.check(draw_bisect(small))
    assert "dead letter (2×)" in svg_rules.words(draw_bisect(small))


def test_without_a_bisect_the_picture_says_so(small: Lab) -> None:
    small.settle(small.publish(ProductAdded("Phone", 20)))
    svg_rules.check(draw_bisect(small))
    assert draw_bisect(small).description == "The pipe has not bisected a batch."


def test_the_halves_of_a_batch_make_up_the_batch() -> None:
    lane = {"0000": [record(n) for n in range(8)]}
    log = [
        execution(0, 7, "bisected"), execution(0, 3, "delivered"), execution(4, 7, "bisected"),
        execution(4, 5, "delivered"), execution(6, 7, "failed"),
    ]  # fmt: skip
    tree = last_bisect(lane, log)
    assert tree is not None
    assert sum(half.size for half in tree.halves) == tree.size == 8
    svg_rules.check(bisect_picture(tree))


# ------------------------------------------------------------ the window


def test_a_batch_waits_for_its_window_or_until_it_is_full() -> None:
    settings = Settings(shards=1, batch_size=3, batch_window_seconds=10)
    with connect(settings=settings) as lab:
        lab.build()
        lab.settle(lab.publish(ProductAdded("Phone", 20)))
        lab.settle(lab.publish([QuantityChanged("Phone", 1)] * 1))
        lab.settle(lab.publish([QuantityChanged("Phone", n) for n in (1, 2, 3)]))
        picture = draw_window(lab)
        svg_rules.check(picture)
        first, *_, last = picture.description.split(". ")
        assert first == "Shard 0000: 1 record, window over after 10 s"
        assert last == "Shard 0000: 3 records, full after 1 s."
        batches = closed_batches(by_shard(records_of(lab.records())), executions_of(lab))
        assert [len(batch.arrivals) for batch in batches] == [1, 1, 3]


def test_a_batch_that_was_sent_after_midnight_waited_seconds_not_minus_a_day() -> None:
    evening = 1_767_657_599.0  # 23:59:59 UTC
    lane = {"0000": [replace(record(0), arrived_at=evening)]}
    log = [replace(execution(0, 0, "delivered"), at="00:00:04")]
    assert closed_batches(lane, log)[0].waited == 5


# ------------------------------------------------------------ the stock


def test_an_alert_is_marked_on_the_event_that_sent_it_and_on_no_equal_value(small: Lab) -> None:
    changes = (-15, 3, 30, -30, -3)  # 20, 5 (alert), 8, 38, 8 (alert), 5
    small.settle(
        small.publish([ProductAdded("Phone", 20), *(QuantityChanged("Phone", n) for n in changes)])
    )
    picture = draw_stock(small, "Phone")
    svg_rules.check(picture)
    assert "Alerts: low stock at 5, low stock at 8." in picture.description
    assert svg_rules.words(picture).count("low alert") == 2 == len(small.alerts())


def test_a_table_that_differs_from_the_stream_is_shown_as_drift() -> None:
    steps = tuple(StockStep(f"…{n}", "applied", stock, "") for n, stock in enumerate((20, 15)))
    drifted = stock_picture(StockStory("Phone", steps, 10, 1000, 10))
    exact = stock_picture(StockStory("Phone", steps, 15, 1000, 10))
    assert "✕ drift: -5" in svg_rules.words(drifted)
    assert "✓ no drift" in svg_rules.words(exact)
    svg_rules.check(drifted)


def test_a_product_that_nobody_knows_has_an_empty_picture(small: Lab) -> None:
    picture = draw_stock(small, "Nothing")
    svg_rules.check(picture)
    assert "0 records" in picture.description


def test_the_thresholds_of_a_product_of_its_own_are_drawn(small: Lab) -> None:
    small.settle(small.publish(ProductAdded("Phone", 20)))
    small.set_thresholds("Phone", high=21, low=4)
    words = svg_rules.words(draw_stock(small, "Phone"))
    assert {"high: 21", "low: 4"} <= set(words)


# ------------------------------------------------------------ roles


def test_a_role_shows_who_may_become_it_and_what_it_may_do(built: Lab) -> None:
    for role in ("pipe", "function"):
        svg_rules.check(draw_role(built, role))
    spoken = draw_role(built, "pipe").description
    assert "Service: pipes.amazonaws.com" in spoken
    assert "lambda:InvokeFunction, on function:update-inventory" in spoken


def test_a_role_that_is_missing_or_unknown(lab: Lab) -> None:
    assert draw_role(lab).description == "There is no role inventory-pipe-role yet."
    with pytest.raises(ValueError, match="use one of pipe, function"):
        draw_role(lab, "admin")


# ------------------------------------------------------------ decisions of IAM


def test_decisions_show_where_each_request_stops(small: Lab) -> None:
    stream, iam = small.account.stream_arn(), small.session("root").client("iam")
    user = small.settings.name("producer_user")
    ask = "producer", "kinesis:PutRecord"
    cases = {"right": small.explain_access(*ask, stream)}
    cases["another stream"] = small.explain_access(*ask, f"{stream}-2")
    deny = {"Effect": "Deny", "Action": "kinesis:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_user_policy(UserName=user, PolicyName="stop", PolicyDocument=document)
    cases["stopped"] = small.explain_access(*ask, stream)
    assert [stopped_at(case.decision) for case in cases.values()] == [3, 1, 0]
    picture = draw_decisions(cases)
    svg_rules.check(picture)
    assert picture.description == (
        "right: allowed by a policy of the user. another stream: denied, no Allow applies; "
        "stream/e-commerce-streaming ≠ stream/e-commerce-streaming-2. "
        "stopped: denied, a Deny applies."
    )


def test_decisions_name_the_boundary_and_the_policy_of_the_stream(small: Lab) -> None:
    stream, root = small.account.stream_arn(), small.session("root")
    user, iam = small.settings.name("producer_user"), root.client("iam")
    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    puts = {"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": stream}
    shared = puts | {"Principal": {"AWS": iam.get_user(UserName=user)["User"]["Arn"]}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [shared]})
    root.client("kinesis").put_resource_policy(ResourceARN=stream, Policy=document)
    case = small.explain_access("producer", "kinesis:PutRecord", stream)
    assert (
        draw_decisions({"shared": case}).description == "shared: allowed by a policy of the stream."
    )
    capped = replace(case, decision=Decision(False, False, None, BOUNDARY))
    assert "the boundary does not allow it" in draw_decisions({"capped": capped}).description
    svg_rules.check(draw_decisions({"capped": capped}))
    svg_rules.check(draw_decisions({}))


# ------------------------------------------------------------ a race


def test_a_race_shows_reads_writes_and_the_write_that_came_too_late(small: Lab) -> None:
    small.settle(small.publish(ProductAdded("Phone", 20)))
    clients = [small.session("function").client("dynamodb") for _ in range(2)]
    first, second = (
        Store(client, "inventory", 366, writer=name)
        for client, name in zip(clients, "AB", strict=True)
    )
    with record_calls(A=clients[0], B=clients[1]) as steps:
        item = first.load(["Phone"])[0]["Phone"]
        same = second.load(["Phone"])[0]["Phone"]
        assert second.commit(same, replace(same, quantity=15), 0).committed
        assert not first.commit(item, replace(item, quantity=14), 0).committed
    first.load(["Phone"])
    assert [(s.execution, s.action, s.version, s.error) for s in steps] == [
        ("A", "read", 1, ""),
        ("B", "read", 1, ""),
        ("B", "write", 2, ""),
        ("A", "write", 2, "ConditionalCheckFailedException"),
    ]
    picture = draw_race(steps, "Phone")
    svg_rules.check(picture)
    assert svg_rules.words(picture).count("v2") == 1
    assert "A tries to write: expects version 1, refused" in picture.description
    assert draw_race(steps, "Oven").description == "Nobody has read or written the item."


# ------------------------------------------------------------ all of them


def test_the_same_data_gives_the_same_bytes_and_drawing_changes_nothing(small: Lab) -> None:
    small.settle(small.publish(simulate(events=30, products=3, seed=2)))
    small.publish(QuantityChanged("product-1", 1))
    now = small.clock.now()

    def all_pictures() -> list[Picture]:
        views = (draw_shards, draw_batch, draw_bisect, draw_window, draw_role)
        products = draw_stock(small, "product-1"), draw_attempts(small, "product-1")
        return [*(view(small) for view in views), *products]  # type: ignore[operator]

    assert [p._repr_html_() for p in all_pictures()] == [p._repr_html_() for p in all_pictures()]
    assert small.clock.now() == now


def test_a_race_over_an_item_without_a_version_shows_the_quantities() -> None:
    steps = [
        RaceStep("A", "read", "Phone", None, 20),
        RaceStep("B", "read", "Phone", None, 20),
        RaceStep("A", "write", "Phone", None, 15),
        RaceStep("B", "write", "Phone", None, 17),
    ]
    description = draw_race(steps, "Phone").description
    assert "A writes: 15 pieces. B writes: 17 pieces." in description
    assert "version" not in description
