"""The exercises of notebook 10, What goes wrong."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass
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
Diagnosis = tuple[str, str]
"""An event id and the reason."""

OPENING: Row = ("opening", 20, SHARD_0, 10)
SALES: list[Row] = [("sale-1", -5, SHARD_0, 12), ("sale-2", -2, SHARD_0, 15), ("sale-3", -4, SHARD_0, 16)]  # fmt: skip
ONCE: Tries = [(SHARD_0, 9, 11), (SHARD_0, 12, 12), (SHARD_0, 13, 15), (SHARD_0, 16, 18)]
DELIVERED, STORED = "delivered twice", "stored twice"


@dataclass(frozen=True, slots=True)
class Incident:
    """What happened, the evidence, and what is in it for those who see nothing."""

    story: str
    rows: list[Row]
    tries: Tries
    quantity: int
    expected: Diagnosis | None
    overlooked: str = ""

    def evidence(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """New records and executions, which an answer may change."""
        records = [
            {"event_id": event_id, "change": change, "shard": shard, "number": number}
            for event_id, change, shard, number in self.rows
        ]
        return records, [
            {"shard": s, "first": first, "last": last} for s, first, last in self.tries
        ]

    @property
    def changes(self) -> dict[str, int]:
        """The change of each event."""
        return {row[0]: row[1] for row in self.rows}

    @property
    def drift(self) -> int:
        """What the table has more than the stream says."""
        return self.quantity - sum(self.changes.values())

    def is_repeated(self, event_id: object) -> bool:
        """Whether an event was stored or delivered twice."""
        places = [(shard, number) for name, _, shard, number in self.rows if name == event_id]
        return len(places) > 1 or any(
            sum(shard == s and first <= number <= last for s, first, last in self.tries) > 1
            for shard, number in places
        )


INCIDENTS = [
    Incident("The batch of sale-1 was counted, and its answer was lost.",
             [OPENING, *SALES], [*ONCE[:2], *ONCE[1:]], 4, ("sale-1", DELIVERED),
             "sale-1 is alone in its batch, whose `first` and `last` are its number, and two executions have this batch."),
    Incident("A sale is stored as two records.",
             [OPENING, *SALES, ("sale-1", -5, SHARD_0, 19)], [*ONCE, (SHARD_0, 19, 19)], 4, ("sale-1", STORED),
             "Two records carry one event_id: count the event once to know what the table should say."),
    Incident("A sale is stored as two records, in two shards.",
             [OPENING, *SALES, ("sale-1", -5, SHARD_1, 12)], [*ONCE, (SHARD_1, 12, 12)], 4, ("sale-1", STORED),
             "Two records carry one event_id: count the event once to know what the table should say."),
    Incident("Every batch was delivered once, and the table is right.",
             [OPENING, *SALES], ONCE, 9, None),
    Incident("The function died before it counted the batch of sale-2. The repetition is the first count.",
             [OPENING, *SALES], [*ONCE[:3], ONCE[2], ONCE[3]], 9, None),
    Incident("The record is the last of a batch that was delivered twice.",
             [OPENING, *SALES], [*ONCE[:3], ONCE[2], ONCE[3]], 7, ("sale-2", DELIVERED),
             "A batch covers all numbers from `first` to `last`, both included."),
    Incident("The record is the first of a batch that was delivered twice.",
             [OPENING, *SALES], [*ONCE, ONCE[3]], 5, ("sale-3", DELIVERED),
             "A batch covers all numbers from `first` to `last`, both included."),
    Incident("The record is in the middle of a batch that was delivered twice.",
             [OPENING, ("sale-1", -5, SHARD_0, 14)], [ONCE[0], ONCE[2], ONCE[2]], 10, ("sale-1", DELIVERED),
             "A batch covers all numbers from `first` to `last`, not only these two."),
    Incident("Two batches were delivered twice. The function died in one of them before it counted.",
             [OPENING, *SALES], [*ONCE[:2], *ONCE[1:], ONCE[3]], 5, ("sale-3", DELIVERED)),
    Incident("Two sales have the same size. One of them was delivered twice.",
             [OPENING, *SALES, ("sale-4", -5, SHARD_0, 20)], [*ONCE, (SHARD_0, 19, 20), (SHARD_0, 19, 20)], -1,
             ("sale-4", DELIVERED),
             "Both count, so add up both changes; and when the first of them was not repeated, look at the other."),
    Incident("Two sales have the same size. The first of them was delivered twice.",
             [OPENING, *SALES, ("sale-4", -5, SHARD_0, 20)], [*ONCE[:2], *ONCE[1:], (SHARD_0, 19, 20)], -1,
             ("sale-1", DELIVERED)),
    Incident("Another shard uses the same numbers, and its batch was delivered twice.",
             [OPENING, *SALES, ("sale-4", -2, SHARD_0, 20)],
             [*ONCE, (SHARD_1, 13, 15), (SHARD_1, 13, 15), (SHARD_0, 20, 20), (SHARD_0, 20, 20)], 5,
             ("sale-4", DELIVERED)),
    Incident("A delivery of goods was counted twice.",
             [OPENING, ("goods", 30, SHARD_0, 12)], [*ONCE[:2], ONCE[1]], 80, ("goods", DELIVERED),
             "A change can be positive as well."),
    Incident("A sale and a delivery of goods have the same size, and both were delivered twice.",
             [OPENING, SALES[0], ("goods", 5, SHARD_0, 15)], [*ONCE[:2], *ONCE[1:3], ONCE[2]], 25,
             ("goods", DELIVERED)),
    Incident("A batch was delivered again as two halves.",
             [OPENING, *SALES], [*ONCE[:3], (SHARD_0, 13, 14), (SHARD_0, 15, 15), ONCE[3]], 7, ("sale-2", DELIVERED),
             "The limits of the second batch are other ones: count the executions that cover the number of sale-2."),
    Incident("A batch was delivered three times. The first time the function died before it counted.",
             [OPENING, *SALES], [*ONCE[:3], ONCE[2], ONCE[2], ONCE[3]], 7, ("sale-2", DELIVERED),
             "More than one execution is a repetition, two as well as three."),
    Incident("A sale is stored as two records, and the first was delivered again because the function had died.",
             [OPENING, *SALES, ("sale-1", -5, SHARD_0, 19)], [*ONCE[:2], *ONCE[1:], (SHARD_0, 19, 19)], 4,
             ("sale-1", STORED),
             "Two records are two counts for certain."),
    Incident("The opening of an empty shelf, with a change of 0, was delivered twice.",
             [("opening", 0, SHARD_0, 12)], [ONCE[1], ONCE[1]], 0, None),
    Incident("The product has no records.", [], [], 0, None),
    Incident("Two sales have the same size. One was delivered twice, the other one is stored as two records.",
             [OPENING, *SALES, ("sale-4", -5, SHARD_0, 20), ("sale-4", -5, SHARD_0, 21)],
             [*ONCE[:2], *ONCE[1:], (SHARD_0, 20, 21)], -1, ("sale-4", STORED),
             "Two records are two counts for certain."),
]  # fmt: skip


@checks("10/counted_twice", "name the event that was counted twice, and why", build=True)
def counted_twice(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """Lost answers, repeated records, repetitions that did no harm, neighbours that look alike."""
    for incident in INCIDENTS:
        returned = _diagnosis(answer, incident, incident.quantity)
        if returned == incident.expected:
            continue
        if returned is None and _is_mirrored(answer, incident):
            raise WrongAnswer(
                f"{incident.story} It returns nothing. The difference has the wrong sign: what the table has too "
                "much is its quantity less the sum of the changes."
            )
        raise WrongAnswer(f"{incident.story} {_why(returned, incident)}")


def _diagnosis(answer: Answer, incident: Incident, quantity: int) -> Any:
    try:
        return answer(*incident.evidence(), quantity)
    except WrongAnswer as exc:
        if incident.rows:
            raise
        raise WrongAnswer(f"{incident.story} {exc}", exc.error) from exc


def _is_mirrored(answer: Answer, incident: Incident) -> bool:
    """Whether an answer finds the event when the table is wrong in the other direction."""
    mirrored = incident.quantity - 2 * incident.drift
    return bool(_diagnosis(answer, incident, mirrored) == incident.expected)


def _why(returned: Any, incident: Incident) -> str:
    """What is wrong with a diagnosis."""
    expected = incident.expected
    if returned is None:
        return (
            f"It returns nothing. {incident.overlooked or 'One of the suspects was counted twice.'}"
        )
    if not isinstance(returned, tuple) or len(returned) != 2:
        return f"It returns {returned!r:.60}: return a tuple, (event_id, reason), or None."
    event_id, reason = returned
    if event_id in (STORED, DELIVERED):
        return f"It returns {returned!r:.60}: first comes the event_id, then the reason."
    if expected is None and event_id is None:
        return f"It returns {returned!r:.60}. The table is right: return None itself."
    if expected is None:
        return (
            f"It accuses {event_id!r:.40}, but the table says what the stream says. A batch that came twice was "
            "not always counted twice: compare the quantity."
        )
    if event_id != expected[0]:
        return f"It accuses {event_id!r:.40}, expected {expected[0]}. {_alibi(event_id, incident)}"
    if reason not in (STORED, DELIVERED):
        return f"The reason is {reason!r:.40}: it is one of the texts {STORED!r} and {DELIVERED!r}."
    if expected[1] == STORED and incident.is_repeated(event_id):
        return f"It says {reason!r}, expected {STORED!r}. {event_id} has two records, and they are counted for certain."
    return f"It says {reason!r}, expected {expected[1]!r}. {event_id} has one record, which is in two executions."


def _alibi(event_id: Any, incident: Incident) -> str:
    """Why it was not this event."""
    change = incident.changes.get(event_id) if isinstance(event_id, str) else None
    if change is None:
        return "No record has this event_id."
    if change != incident.drift:
        return f"Its change is {change}, and the table differs from the stream by {incident.drift}."
    if not incident.is_repeated(event_id):
        return (
            "It has one record, which was delivered once: look at the others with this change, and compare "
            "numbers within one shard only."
        )
    return (
        "A second delivery may have been the first count. Two records are two counts for certain."
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
    earlier: dict[int, Any] = {}
    for times in (3, 2, 4, 1):
        plan = answer(times)
        counted = counter.counted_under(plan)
        if counted != times:
            how_often = {1: "once", 2: "twice"}.get(counted, f"{counted} times")
            why = _fixed(plan, earlier, times) or _struck(plan, counted, times)
            raise WrongAnswer(f"Asked for {times}: the record is counted {how_often}. {why}")
        _is_certain(plan, times)
        earlier[times] = plan


def _is_certain(plan: Any, times: int) -> None:
    """Raise WrongAnswer for a plan that counts the record so often by chance."""
    for name in _kinds(plan):
        if (probability := getattr(plan, name)) < 1:
            raise WrongAnswer(
                f"Asked for {times}: this time the record is counted {times} times, with another seed it may not be. A "
                f"probability of {probability:.2g} strikes now and then; 1 is certain."
            )


def _kinds(plan: Any) -> list[str]:
    """The kinds of faults that a plan has."""
    return [
        name for name, value in asdict(plan).items() if name not in ("seed", "at_most") and value
    ]


def _fixed(plan: Any, earlier: dict[int, Any], times: int) -> str:
    """What is wrong with a plan that does not depend on `times`; "" for others."""
    same = [str(other) for other, known in earlier.items() if known == plan]
    return f"It is the same plan for {same[0]} and for {times}: use `times`." if same else ""


def _struck(plan: Any, counted: int, times: int) -> str:
    """What a plan does that counts another number of times."""
    kinds = _kinds(plan)
    if not kinds:
        return "No fault of the plan has a probability above 0."
    if len(kinds) > 1:
        return f"The plan has {' and '.join(kinds)}, and each strikes up to at_most times. One kind is enough."
    if plan.duplicate_delivery:
        return "duplicate_delivery repeats a batch that was delivered once, and the repetition is not repeated."
    if plan.lost_response:
        return (
            "lost_response repeats single calls, those of the producer and those of the function. Choose the "
            "fault after which the whole batch comes again."
        )
    if not plan.crash_after_commit:
        return "The function does not die after it has counted. Let it die when its work is done."
    if plan.crash_after_commit < 1:
        return f"A probability of {plan.crash_after_commit:.2g} strikes now and then. 1 is certain, and at_most limits how often."
    if plan.at_most is None:
        return "Without at_most no answer ever arrives, and the batch comes again and again."
    if counted == times + 1:
        return "The last delivery counts as well: how many answers have to be lost before it?"
    return (
        f"at_most is {plan.at_most}: how many answers have to be lost before the last one arrives?"
    )


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
        """How often a new record is counted under a plan, which begins when the record is in the stream.
        Raises WrongAnswer for what is not a plan.
        """
        self._require_plan(plan)
        before = self._count()
        self._bench.raw("kinesis").put_record(
            StreamName=self._stream, PartitionKey="Lamp", Data=b"{}"
        )
        with self._bench.lab.faults(plan):
            self._pump(ROUNDS)
        self._pump(1)
        return self._count() - before

    def _require_plan(self, plan: Any) -> None:
        what = "nothing" if plan is None else f"a {type(plan).__name__}"
        try:
            with self._bench.lab.faults(plan):
                is_plan = plan is not None
        except TypeError:
            is_plan = False
        if not is_plan:
            raise WrongAnswer(f"It returns {what}: return a FaultPlan.")

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
