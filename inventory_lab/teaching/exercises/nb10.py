"""The exercises of notebook 10, What goes wrong."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from typing import Any

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

SHARD_0, SHARD_1 = "00000000", "00000001"
Row = tuple[str, int, str, int]
"""Event id, change, shard, number."""
Tries = list[tuple[str, int, int]]
"""Shard, first and last number of each execution."""

OPENING: Row = ("opening", 20, SHARD_0, 10)
SALES: list[Row] = [("sale-1", -5, SHARD_0, 12), ("sale-2", -2, SHARD_0, 15), ("sale-3", -4, SHARD_0, 16)]  # fmt: skip
ONCE: Tries = [(SHARD_0, 9, 11), (SHARD_0, 12, 12), (SHARD_0, 13, 15), (SHARD_0, 16, 18)]
DELIVERED, STORED = "delivered twice", "stored twice"
CASES: list[tuple[str, list[Row], Tries, int, tuple[str, str] | None]] = [
    ("The answer to a batch is lost after the function counted it.",
     [OPENING, *SALES], [*ONCE[:3], ONCE[2], ONCE[3]], 7, ("sale-2", DELIVERED)),
    ("A sale is stored as two records.",
     [OPENING, *SALES, ("sale-1", -5, SHARD_0, 19)], [*ONCE, (SHARD_0, 19, 19)], 4, ("sale-1", STORED)),
    ("Every batch was delivered once, and the table is right.",
     [OPENING, *SALES], ONCE, 9, None),
    ("The function died before it counted the batch of sale-2. The repetition is the first count.",
     [OPENING, *SALES], [*ONCE[:3], ONCE[2], ONCE[3]], 9, None),
    ("Two batches were delivered twice. The function died in one of them before it counted.",
     [OPENING, *SALES], [*ONCE[:2], *ONCE[1:], ONCE[3]], 5, ("sale-3", DELIVERED)),
    ("Two sales have the same size. One of them was delivered twice.",
     [OPENING, *SALES, ("sale-4", -5, SHARD_0, 20)], [*ONCE, (SHARD_0, 19, 20), (SHARD_0, 19, 20)], -1,
     ("sale-4", DELIVERED)),
    ("Another shard uses the same numbers, and its batch was delivered twice.",
     [OPENING, *SALES, ("sale-4", -2, SHARD_0, 20)],
     [*ONCE, (SHARD_1, 13, 15), (SHARD_1, 13, 15), (SHARD_0, 20, 20), (SHARD_0, 20, 20)], 5,
     ("sale-4", DELIVERED)),
    ("The record is the first of a batch that was delivered twice.",
     [OPENING, *SALES], [*ONCE, ONCE[3]], 5, ("sale-3", DELIVERED)),
    ("A delivery of goods was counted twice.",
     [OPENING, ("goods", 30, SHARD_0, 12)], [*ONCE[:2], ONCE[1]], 80, ("goods", DELIVERED)),
    ("The product has no records, and nobody counted any.", [], [], 0, None),
]  # fmt: skip
"""What happened, the records of the product, the executions, the table's quantity, the diagnosis."""


@checks("10/counted_twice", "name the event that was counted twice, and why", build=True)
def counted_twice(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """Lost answers, repeated records, repetitions that did no harm, neighbours that look alike."""
    for story, rows, tries, quantity, expected in CASES:
        records = [
            {"event_id": event_id, "change": change, "shard": shard, "number": number}
            for event_id, change, shard, number in rows
        ]
        executions = [{"shard": s, "first": first, "last": last} for s, first, last in tries]
        returned = answer(copy.deepcopy(records), copy.deepcopy(executions), quantity)
        if returned != expected:
            raise WrongAnswer(f"{story} {_why(returned, expected)}")


def _why(returned: Any, expected: tuple[str, str] | None) -> str:
    """What is wrong with a diagnosis."""
    if returned is None and expected is not None:
        return _missed(expected)
    if not isinstance(returned, tuple) or len(returned) != 2:
        return f"It returns {returned!r:.60}: return a pair, the event_id and the reason, or None."
    if expected is None:
        return (
            f"It accuses {returned[0]!r:.40}, but the table says what the stream says. A batch that came twice was "
            "not always counted twice: compare the quantity."
        )
    if returned[0] != expected[0]:
        return (
            f"It accuses {returned[0]!r:.40}, expected {expected[0]}. The suspect was repeated, and its change is what the "
            "table has too much; both must be true, in the same shard."
        )
    return (
        f"It says {returned[1]!r:.40}, expected {expected[1]!r}. An event that is stored twice has two records; a record that "
        "is delivered twice is in two executions."
    )


def _missed(expected: tuple[str, str]) -> str:
    if expected[1] == STORED:
        return (
            "It returns nothing. Two records carry one event_id: count the event once to know what the table "
            "should say."
        )
    if expected[0] == "goods":
        return "It returns nothing. A change can be positive as well."
    return (
        "It returns nothing. A batch covers all numbers from `first` to `last`, both included, and the event may "
        f"be any of its records: {expected[0]} is one of them."
    )


COUNTER = """
import os
import boto3

dynamodb = boto3.client("dynamodb")

def handle(event, context):
    for record in event["Records"]:
        dynamodb.update_item(
            TableName=os.environ["TABLE_NAME"],
            Key={"product_id": {"S": "Lamp"}},
            UpdateExpression="ADD quantity :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
"""
ROUNDS = 9
"""Rounds of the mapping in which a record can be counted: more than any case asks for."""


@checks("10/fault_plan", "plan the faults under which a record is counted so many times")
def fault_plan(answer: Answer, bench: Bench) -> None:
    """Three times, twice, four times, and once."""
    counter = _Counter(bench)
    for times in (3, 2, 4, 1):
        plan = answer(times)
        counted = counter.counted_under(plan)
        if counted != times:
            how_often = "once" if counted == 1 else f"{counted} times"
            raise WrongAnswer(
                f"Asked for {times}: the record is counted {how_often}. {_struck(plan, counted, times)}"
            )


def _struck(plan: Any, counted: int, times: int) -> str:
    """What a plan does that counts another number of times."""
    if plan.duplicate_delivery and not plan.crash_after_commit:
        return "duplicate_delivery repeats a batch that was delivered once, and the repetition is not repeated."
    if plan.lost_response:
        return (
            "lost_response repeats single calls, those of the producer and those of the function. Choose the "
            "fault after which the whole batch comes again."
        )
    if plan.crash_after_commit and plan.at_most is None:
        return "Without at_most no answer ever arrives, and the batch comes again and again."
    if plan.crash_after_commit == 1 and counted == times + 1:
        return "The last delivery counts as well: how many answers have to be lost before it?"
    if counted == 1:
        return "The function dies before it counts, or nothing happens at all. Let it die when its work is done."
    return "A probability of 1 strikes whenever it can, and at_most limits how often."


class _Counter:
    """A stream, a function that adds 1 for each record, a table, and a mapping between them."""

    def __init__(self, bench: Bench) -> None:
        self._bench, self._stream, self._table = bench, bench.name("orders"), bench.table("lamps")
        bench.client("kinesis").create_stream(StreamName=self._stream, ShardCount=1)
        summary = bench.raw("kinesis").describe_stream_summary(StreamName=self._stream)
        bench.client("lambda").create_event_source_mapping(
            EventSourceArn=summary["StreamDescriptionSummary"]["StreamARN"],
            FunctionName=self._function(),
            StartingPosition="TRIM_HORIZON",
        )

    def counted_under(self, plan: Any) -> int:
        """How often a new record is counted under a plan. Raises WrongAnswer for what is not a plan."""
        before = self._count()
        try:
            faults = self._bench.lab.faults(plan) if plan is not None else None
            if faults is None:
                raise TypeError
            with faults:
                self._bench.raw("kinesis").put_record(
                    StreamName=self._stream, PartitionKey="Lamp", Data=b"{}"
                )
                self._pump(ROUNDS)
        except TypeError as exc:
            raise WrongAnswer(f"It returns {plan!r:.60}: return a FaultPlan.") from exc
        self._pump(1)
        return self._count() - before

    def _pump(self, rounds: int) -> None:
        for _ in range(rounds):
            self._bench.lab.pump()

    def _count(self) -> int:
        answer = self._bench.raw("dynamodb").get_item(
            TableName=self._table, Key={"product_id": {"S": "Lamp"}}
        )
        return int(answer.get("Item", {"quantity": {"N": "0"}})["quantity"]["N"])

    def _function(self) -> str:
        """The name of the function, whose role may do what it needs."""
        iam, name = self._bench.client("iam"), self._bench.name("counter")
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}  # fmt: skip
        actions = ["kinesis:*", "dynamodb:*", "logs:*"]
        rights = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        trusting, permitting = (
            json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            for statement in (trust, rights)
        )
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="count", PolicyDocument=permitting)
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as package:
            package.writestr("app.py", COUNTER)
        self._bench.client("lambda").create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="app.handle",
            Code={"ZipFile": archive.getvalue()},
            Environment={"Variables": {"TABLE_NAME": self._table}},
        )
        return name
