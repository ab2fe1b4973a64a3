"""The exercises of notebook 12, Operating it."""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory_lab.domain.errors import MalformedEvent
from inventory_lab.domain.events import QuantityChanged, encode_event, parse_event
from inventory_lab.exceptions import WrongAnswer
from inventory_lab.observe.failed_records import FailedRecord
from inventory_lab.producer.publisher import RawRecord
from inventory_lab.teaching.exercises.answer import Answer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

SALE = QuantityChanged(
    "Kettle",
    -3,
    event_id="till-7-1",
    occurred_at="2026-01-05T10:00:00Z",
    source="2026-01-05T08:00:00Z/till-7",
    sequence=12,
)
LATER = QuantityChanged(
    "Crêpe pan", 12, event_id="till-9-4", occurred_at="2026-01-05T10:20:00Z"
)  # fmt: skip
NUMBERED = QuantityChanged("4711", -20, event_id="815", occurred_at="2026-01-05T10:30:00Z")
"""A sale with other texts that look like numbers."""
MINUTE = 60
BREACHES = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}


@checks("12/correct", "send a rejected sale again, with its number written as a number")
def correct(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """Three sales with a text for a number; then records that this correction must leave alone."""
    for event, key in ((SALE, "Kettle"), (LATER, "till-9"), (NUMBERED, "4711")):
        _is_cured(answer, event, key)
    body = _body(SALE)
    for case, payload in (
        ('a delta of "three"', _json(body | {"delta": "three"})),
        ('a delta of "2.5"', _json(body | {"delta": "2.5"})),
        ("no delta at all", _json({name: body[name] for name in body if name != "delta"})),
        ("a payload that is not JSON", b"3 kettles"),
        ("a payload that is a JSON list", b"[1, 2]"),
        ("a delta of 2.5", _json(body | {"delta": 2.5})),
        ("a delta of null", _json(body | {"delta": None})),
        ("a payload that the stream no longer holds", None),
    ):
        _is_left_alone(answer, case, _failed("MalformedEvent", payload))
    too_many = _failed("InsufficientStock", encode_event(SALE))
    _is_left_alone(answer, "a sale that was rejected as InsufficientStock", too_many)


def _is_cured(answer: Answer, event: QuantityChanged, key: str) -> None:
    payload = _json(_body(event) | {"delta": str(event.delta)})
    returned = answer(_failed("MalformedEvent", payload, key))
    if returned is None:
        raise WrongAnswer(
            f'It leaves out a sale whose delta is "{event.delta}". Only its number is written wrongly.'
        )
    if isinstance(returned, RawRecord):
        returned = _event_in(returned, key)
    if not isinstance(returned, QuantityChanged):
        kind = type(returned).__name__
        raise WrongAnswer(f"It returns a {kind}: return a RawRecord, or None.")
    _is_the_same_sale(returned, event)


def _event_in(record: RawRecord, key: str) -> Any:
    if record.partition_key != key:
        raise WrongAnswer(
            f"The partition key of the new record is {record.partition_key!r}. It has to be that of the "
            "failed record, or the record goes to another shard."
        )
    try:
        return parse_event(record.data)
    except MalformedEvent as exc:
        if exc.field != "delta" and key == NUMBERED.product_id:
            raise WrongAnswer(
                f"The {exc.field} of the sale became a number. It is a text, also where it looks like a number: change the "
                "delta alone."
            ) from exc
        raise WrongAnswer(f"The new record would be rejected again: {exc}.") from exc


def _is_the_same_sale(returned: QuantityChanged, event: QuantityChanged) -> None:
    identity = ("event_id", "source", "sequence")
    for name in identity:
        if getattr(returned, name) != getattr(event, name):
            raise WrongAnswer(
                f"The new record has another {name}. It is the same sale, so keep its identity: sent twice, "
                "it would be counted twice."
            )
    if returned.delta != event.delta:
        raise WrongAnswer(
            f'A delta of "{event.delta}" became {returned.delta}: that is another sale.'
        )
    if returned != event:
        raise WrongAnswer("Besides the number, something else of the sale has changed.")


def _is_left_alone(answer: Answer, case: str, failed: FailedRecord) -> None:
    try:
        returned = answer(failed)
    except WrongAnswer as exc:
        raise WrongAnswer(
            f"With {case} your function fails ({exc}). One bad record would stop the redrive of all: "
            "return None.",
            exc.error,
        ) from exc
    if returned is None:
        return
    if '"2.5"' in case:
        raise WrongAnswer('It makes a whole number of "2.5". Nobody sent that number: return None.')
    if "2.5" in case:
        raise WrongAnswer(
            "A delta of 2.5 is not a text. int() would cut it to 2, a number that nobody sent: return None."
        )
    if failed.reason != "MalformedEvent":
        raise WrongAnswer(
            f"It sends {case} again. Its delta is a number already, so this correction cures nothing: return None."
        )
    raise WrongAnswer(
        f"It sends {case} again, where it can only be rejected once more: return None."
    )


def _failed(reason: str, payload: bytes | None, key: str = "Kettle") -> FailedRecord:
    return FailedRecord("shardId-000000000000", 17, key, payload, reason)


def _body(event: QuantityChanged) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(encode_event(event))
    return body


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class AlarmCase:
    """An alarm that must exist: `breaching` and `within` are values of its statistic."""

    name: str
    namespace: str
    metric: str
    dimension: tuple[str, str]
    statistic: str
    periods: int
    breaching: tuple[int, ...]
    within: tuple[int, ...]
    missing: str
    without_data: str


@checks("12/put_alarms", "raise an alarm for dead letters, and one for silence", build=True)
def put_alarms(answer: Answer, bench: Bench) -> None:
    """The two alarms, for two pipelines; called again, they stay two."""
    for _ in range(2):
        stream, queue = bench.name("orders"), bench.name("orders-dlq")
        topic = bench.client("sns").create_topic(Name=bench.name("on-call"))["TopicArn"]
        before = len(bench.made("PutMetricAlarm"))
        answer(bench.client("cloudwatch"), stream, queue, topic)
        made = {
            str(call.parameters.get("AlarmName")): call.parameters
            for call in bench.made("PutMetricAlarm")[before:]
            if not call.error
        }
        for case in _cases(stream, queue):
            _alarm_is_right(made, case, topic)
        if len(made) > len(_cases(stream, queue)):
            raise WrongAnswer("It makes more than the two alarms. Each alarm has its price.")


def _cases(stream: str, queue: str) -> tuple[AlarmCase, AlarmCase]:
    return (
        AlarmCase(
            f"{queue}-not-empty", "AWS/SQS", "ApproximateNumberOfMessagesVisible",
            ("QueueName", queue), "Maximum", 1, (1, 2, 50), (0,), "notBreaching",
            "A queue that nobody has used for hours reports nothing, and that is a good sign",
        ),
        AlarmCase(
            f"{stream}-silent", "AWS/Kinesis", "IncomingRecords", ("StreamName", stream), "Sum", 3,
            (0,), (1, 2, 500), "breaching",
            "A minute in which nothing comes may report nothing, and that is what the alarm is for",
        ),
    )  # fmt: skip


def _alarm_is_right(made: Mapping[str, Mapping[str, Any]], case: AlarmCase, topic: str) -> None:
    """Raise WrongAnswer when an alarm is missing or would not do what it should."""
    if case.name not in made:
        raise WrongAnswer(f"There is no alarm of the name {case.name}.")
    alarm = made[case.name]
    _watches(alarm, case)
    _decides(alarm, case)
    if alarm.get("TreatMissingData", "missing") != case.missing:
        setting = alarm.get("TreatMissingData", "missing, the default")
        raise WrongAnswer(
            f"{case.name}: {case.without_data}. Its TreatMissingData is {setting}: it has to be {case.missing}."
        )
    if alarm.get("ActionsEnabled") is False:
        raise WrongAnswer(f"{case.name}: nobody hears of the alarm: ActionsEnabled is False.")
    if list(alarm.get("AlarmActions", [])) != [topic]:
        raise WrongAnswer(
            f"{case.name}: nobody hears of the alarm. Put the ARN of the topic, and nothing else, into AlarmActions."
        )


def _watches(alarm: Mapping[str, Any], case: AlarmCase) -> None:
    for name, expected in (
        ("Namespace", case.namespace),
        ("MetricName", case.metric),
        ("Statistic", case.statistic),
        ("Period", MINUTE),
    ):
        if alarm.get(name) != expected:
            raise WrongAnswer(f"{case.name}: its {name} is {alarm.get(name)}, not {expected}.")
    dimensions = [(each.get("Name"), each.get("Value")) for each in alarm.get("Dimensions", [])]
    if dimensions != [case.dimension]:
        name, value = case.dimension
        raise WrongAnswer(
            f"{case.name}: it watches a metric that nothing reports. Its one dimension has the Name {name} "
            f"and the Value {value}."
        )


def _decides(alarm: Mapping[str, Any], case: AlarmCase) -> None:
    periods = alarm.get("EvaluationPeriods")
    if periods != case.periods or alarm.get("DatapointsToAlarm", periods) != periods:
        minutes = (
            "one minute is enough" if case.periods == 1 else f"all {case.periods} minutes count"
        )
        raise WrongAnswer(f"{case.name}: {minutes}. Look at EvaluationPeriods.")
    compare, threshold = BREACHES.get(str(alarm.get("ComparisonOperator"))), alarm.get("Threshold")
    if compare is None or threshold is None:
        raise WrongAnswer(f"{case.name}: it needs a Threshold and a ComparisonOperator.")
    for value in (*case.breaching, *case.within):
        if compare(value, threshold) != (value in case.breaching):
            state = "no alarm" if value in case.breaching else "an alarm"
            unit = "visible" if case.statistic == "Maximum" else "coming in"
            raise WrongAnswer(
                f"{case.name}: with {value} {unit} there would be {state}. Look at Threshold and ComparisonOperator."
            )
