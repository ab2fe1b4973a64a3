"""The exercises of notebook 08, End to end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

SHARD_0, SHARD_1 = "shardId-000000000000", "shardId-000000000001"
FIRST = 10**55 - 4
"""A number of 55 digits, which soon has 56: texts of digits are not in the order of the numbers."""
LOG_STREAM = "stream"
EMPTY_PAGE = "behind the empty page"
STORED = {
    SHARD_0: [("Fan", "fan-10", 0), ("Oven", "oven-1", 1), ("Phone", "phone-1", 2), ("Phone", "phone-2", 3),
              ("Fan", "fan-1", 4), ("Fan", "fan-11", 8), ("Phone", "phone-3", 9)],
    SHARD_1: [("Watch", "watch-1", 2), ("Pan", "pan-1", 3), ("Pan", "pan-2", 5)],
}  # fmt: skip
"""By shard: product, event id, and the place of the record. Both shards use the same numbers."""
EXECUTIONS = [
    (SHARD_0, 0, 1, "ExecutionSucceeded"),
    (SHARD_0, 2, 4, "ExecutionFailed"),
    (SHARD_1, 2, 3, "ExecutionSucceeded"),
    (SHARD_0, 2, 4, "ExecutionFailed"),
    (SHARD_0, 2, 4, "ExecutionSucceeded"),
    (SHARD_1, 5, 5, "ExecutionPartiallyFailed"),
    (SHARD_1, 5, 5, "ExecutionSucceeded"),
]
"""Shard, first and last place, and how the execution ended; fan-11 and phone-3 are still waiting."""


@checks("08/trace", "follow one event through stream, pipe and function", build=True)
def trace(answer: Answer, bench: Bench) -> None:
    """A batch that was tried three times, one that failed in part, one of another shard, a waiting event,
    and one that is nowhere.
    """
    pipe_log, function_log = bench.name("pipe-log"), bench.name("function-log")
    _write(bench, pipe_log, [line for n in range(len(EXECUTIONS)) for line in _pipe_lines(n)])
    _write(
        bench, function_log, [line for n in range(len(EXECUTIONS)) for line in _function_lines(n)]
    )
    for event_id in ("phone-2", "watch-1", "oven-1", "fan-1", "pan-2", "phone-3", "ghost"):
        logs, before = bench.client("logs"), len(bench.calls)
        bench.fault(logs, "FilterLogEvents", lambda sent, _: _log_page(bench, sent))
        records = _records()
        try:
            returned = answer(records, logs, pipe_log, function_log, event_id)
        except WrongAnswer as exc:
            why = _why_it_crashed(exc.error, event_id)
            raise WrongAnswer(f"{exc}. {why}".removesuffix(". "), exc) from exc
        if records != _records():
            raise WrongAnswer("It changes `records`: read them, and leave them as they are.")
        read = [call for call in bench.calls[before:] if call.operation == "FilterLogEvents"]
        paged = not read or any("nextToken" in call.parameters for call in read)
        _traced(returned, event_id, paged=paged)
        bench.require_rights("GetLogEvents", "Read both logs with filter_log_events.")


def _why_it_crashed(error: BaseException | None, event_id: str) -> str:
    if isinstance(error, json.JSONDecodeError):
        return 'Not every line of the function\'s log is JSON: read it with the filterPattern "batch", in double quotes'
    if isinstance(error, TypeError) and "string indices" in str(error):
        return "A `payload` is a text of its own: its JSON is a list of records"
    if isinstance(error, KeyError) and error.args == ("payload",):
        return "Only ExecutionStarted has a payload"
    return "For an event that is not in the stream, return None" if event_id == "ghost" else ""


def _traced(returned: object, event_id: str, *, paged: bool) -> None:
    """Raise WrongAnswer unless this is the trace of the event."""
    expected = _expected(event_id)
    if expected is None:
        if returned is not None:
            raise WrongAnswer("For an event that is not in the stream, return None.")
        return
    if returned is None:
        raise WrongAnswer(
            f"{event_id}: it returns nothing, but the event is in the stream. Look at the records of every shard, "
            "and compare the event_id in their data."
        )
    if not isinstance(returned, dict):
        raise WrongAnswer(f"{event_id}: it returns {_short(returned)}: return a dictionary.")
    if set(returned) != set(expected):
        raise WrongAnswer("The keys of the dictionary must be record, pipe and reports.")
    if returned["record"] != expected["record"]:
        _wrong_record(event_id, returned["record"], expected["record"])
    if not isinstance(returned["pipe"], list) or not isinstance(returned["reports"], list):
        raise WrongAnswer("`pipe` and `reports` are lists: a batch may be tried more than once.")
    if not paged:
        raise WrongAnswer(
            "It reads the first page of a log alone. A page may be empty and still bring a nextToken: "
            "use the paginator of filter_log_events."
        )
    _wrong_pipe(event_id, returned["pipe"], expected["pipe"])
    _wrong_reports(event_id, returned["reports"], expected["reports"])


def _wrong_record(event_id: str, returned: object, expected: str) -> None:
    addresses = {f"{s}:{FIRST + at}": p for s, rows in STORED.items() for p, _, at in rows}
    if isinstance(returned, str) and addresses.get(returned) == addresses[expected]:
        raise WrongAnswer(f"{event_id}: that is another event of the product. Compare event_id.")
    raise WrongAnswer(
        f"{event_id}: `record` is {_short(returned)}. It has to be the shard's id, a colon and the sequence "
        "number, as in the pipe's eventID."
    )


def _wrong_pipe(event_id: str, returned: list[Any], expected: list[str]) -> None:
    if returned == expected:
        return
    if not all(isinstance(each, str) for each in returned):
        raise WrongAnswer(
            "`pipe` lists a text for each execution: the messageType of its last line."
        )
    if any(each == "ExecutionStarted" or "Stage" in each for each in returned):
        raise WrongAnswer(
            f"{event_id}: `pipe` has {len(returned)} entries. List how each execution ended: leave out "
            "ExecutionStarted and the lines of the stages."
        )
    if [each for each in expected if each != "ExecutionPartiallyFailed"] == returned:
        raise WrongAnswer(
            f"{event_id}: ExecutionPartiallyFailed is missing. An execution may also fail in part, and it ends with this line."
        )
    if len(returned) > len(expected):
        raise WrongAnswer(
            f"{event_id}: `pipe` also has executions that did not carry this record. Look for its address in "
            "the payload; the executionId connects the lines."
        )
    if sorted(returned) == sorted(expected):
        raise WrongAnswer(f"{event_id}: `pipe` has another order than the log.")
    if sorted(returned) == sorted(set(expected)):
        raise WrongAnswer(
            f"{event_id}: {len(expected)} executions carried this record. Each has its entry in `pipe`, also when two ended "
            "in the same way."
        )
    raise WrongAnswer(
        f"{event_id}: {len(expected)} executions carried this record, `pipe` has {len(returned)} of them. Only "
        "the first line of an execution has a payload; the others share its executionId."
    )


def _wrong_reports(event_id: str, returned: list[Any], expected: list[dict[str, Any]]) -> None:
    if returned == expected:
        return
    if not all(isinstance(each, dict) for each in returned):
        raise WrongAnswer("`reports` lists dictionaries: the JSON of each report.")
    if any("shard_id" not in each for each in returned):
        raise WrongAnswer("`reports` has a line that is not the report of a batch.")
    shard = expected[0]["shard_id"] if expected else SHARD_0
    if any(each["shard_id"] != shard for each in returned):
        raise WrongAnswer(
            f"{event_id}: `reports` has one of another shard. Shards may use the same numbers, so compare "
            "shard_id as well."
        )
    if (
        expected
        and 0 < len(returned) < len(expected)
        and all(each in expected for each in returned)
    ):
        raise WrongAnswer(
            f"{event_id}: {len(expected)} reports cover this record, because its batch was delivered again. List them all."
        )
    if any(each not in returned for each in expected):
        raise WrongAnswer(
            f"{event_id}: a report that covers this record is missing. The record may be the first, the last or "
            "any other one of the batch. Compare the numbers as integers: as texts, 10 comes before 9."
        )
    raise WrongAnswer(
        f"{event_id}: `reports` has one whose batch does not cover this record. Compare with first and last, as int: "
        "a float has only 16 digits."
    )


def _expected(event_id: str) -> dict[str, Any] | None:
    for shard, rows in STORED.items():
        for _, each, at in rows:
            if each == event_id:
                tries = [n for n, (s, first, last, _) in enumerate(EXECUTIONS)
                         if s == shard and first <= at <= last]  # fmt: skip
                ended = [EXECUTIONS[n][3] for n in tries]
                done = [_report(n) for n in tries if EXECUTIONS[n][3] != "ExecutionFailed"]
                return {"record": f"{shard}:{FIRST + at}", "pipe": ended, "reports": done}
    return None


def _records() -> dict[str, list[dict[str, Any]]]:
    """The records by shard, as GetRecords answers them."""
    return {
        shard: [
            {
                "SequenceNumber": str(FIRST + at),
                "PartitionKey": product,
                "Data": json.dumps({"event_id": event_id, "product_id": product}).encode(),
            }
            for product, event_id, at in rows
        ]
        for shard, rows in STORED.items()
    }


def _report(n: int) -> dict[str, Any]:
    shard, first, last, ended = EXECUTIONS[n]
    numbers = {"first": str(FIRST + first), "last": str(FIRST + last)}
    size, failed = last - first + 1, int(ended == "ExecutionPartiallyFailed")
    counts = {"records": size, "applied": size - failed, "rejected": 0, "failed": failed}
    return {"report": "batch", "shard_id": shard, **numbers, **counts}


def _pipe_lines(n: int) -> list[str]:
    """What the pipe logs of an execution: only the first line has the batch."""
    shard, first, last, ended = EXECUTIONS[n]
    rows = [(p, at) for p, _, at in STORED[shard] if first <= at <= last]
    payload = [
        {
            "partitionKey": product,
            "sequenceNumber": str(FIRST + at),
            "eventID": f"{shard}:{FIRST + at}",
        }
        for product, at in rows
    ]
    steps = ["TargetStageEntered", ended.replace("Execution", "TargetStage"), ended]
    lines: list[dict[str, str]] = [
        {"messageType": "ExecutionStarted", "payload": json.dumps(payload)},
        *({"messageType": step} for step in steps),
    ]
    return [json.dumps({"executionId": f"execution-{n}", **line}) for line in lines]


def _function_lines(n: int) -> list[str]:
    """What Lambda and the function log of an invocation; a time-out leaves no report."""
    request = f"RequestId: request-{n}"
    middle = json.dumps(_report(n), separators=(",", ":"))
    if EXECUTIONS[n][3] == "ExecutionFailed":
        middle = f"{request} Error: Task timed out after 60.00 seconds"
    return [f"START {request} Version: $LATEST", middle, f"END {request}", f"REPORT {request}"]


def _write(bench: Bench, group: str, lines: list[str]) -> None:
    """A log group with these lines, one a second, the last one now."""
    logs, now = bench.client("logs"), int(bench.lab.clock.now().timestamp())
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=LOG_STREAM)
    start = now - len(lines)
    events = [{"timestamp": (start + n) * 1000, "message": line} for n, line in enumerate(lines)]
    logs.put_log_events(logGroupName=group, logStreamName=LOG_STREAM, logEvents=events)


def _log_page(bench: Bench, sent: Mapping[str, Any]) -> Any:
    """The answer to FilterLogEvents in short pages, the first of them empty, as on AWS."""
    if "nextToken" not in sent:
        return {"events": [], "searchedLogStreams": [], "nextToken": EMPTY_PAGE}
    request = {**sent, "limit": 10}
    if sent["nextToken"] == EMPTY_PAGE:
        del request["nextToken"]
    try:
        return dict(bench.raw("logs").filter_log_events(**request))
    except ClientError as exc:
        error = exc.response["Error"]
        return error["Code"], error["Message"]


ITEMS = {
    "Phone": ("active", 15), "Watch": ("active", 6), "Oven": ("removed", 0), "Fan": ("active", 10),
    "Pan": ("active", 0), "Ghost": ("unknown", 0), "Desk": ("active", 9), "Chair": ("active", 100),
    "Lamp": ("active", 40), "Sofa": ("removed", 3),
}  # fmt: skip
START_KEY = {"product_id": {"S": "behind the empty page"}}


@checks("08/low_stock", "list the active products that run short")
def low_stock(answer: Answer, bench: Bench) -> None:
    """Short pages, of which some are empty; tombstones and placeholders; several limits."""
    table = bench.table("inventory")
    for product, (status, quantity) in ITEMS.items():
        item = {
            "product_id": {"S": product},
            "status": {"S": status},
            "quantity": {"N": str(quantity)},
        }
        bench.raw("dynamodb").put_item(TableName=table, Item=item)
    for below in (10, 16, 101, 0):
        dynamodb, before = bench.client("dynamodb"), len(bench.calls)
        bench.fault(dynamodb, "Scan", lambda sent, _: _scan_page(bench, sent))
        returned = answer(dynamodb, table, below)
        scans = [call for call in bench.calls[before:] if call.operation == "Scan"]
        if not scans:
            raise WrongAnswer("It makes no Scan: use the paginator of scan.")
        last_page = "LastEvaluatedKey" not in scans[-1].answer
        values = scans[-1].parameters.get("ExpressionAttributeValues", {}).values()
        _lists_low_stock(returned, below, last_page=last_page, values=list(values))
        if any(call.answer.get("Count") != _matching(call.answer, below) for call in scans):
            raise WrongAnswer(
                "The result is right, but DynamoDB sends items that you throw away. Let it filter: "
                "FilterExpression takes both conditions."
            )


def _lists_low_stock(
    returned: object, below: int, *, last_page: bool, values: Sequence[object]
) -> None:
    """Raise WrongAnswer unless these are the active products below the limit."""
    expected = {p: n for p, (status, n) in ITEMS.items() if status == "active" and n < below}
    if returned == expected and isinstance(returned, dict):
        if any(type(quantity) is not int for quantity in returned.values()):
            raise WrongAnswer("The quantities must be int.")
        return
    if not isinstance(returned, dict):
        raise WrongAnswer(
            f"It returns {_short(returned)}: return a dictionary, the product with its quantity."
        )
    if not last_page:
        raise WrongAnswer(
            "It reads the first page alone. Each answer of scan covers 1 MB at most, also of items that the "
            "filter drops: go on while there is a LastEvaluatedKey, or use the paginator."
        )
    more = sorted(str(product) for product in set(returned) - set(expected))
    for product in more:
        if ITEMS.get(product, ("", 0))[0] in ("removed", "unknown"):
            raise WrongAnswer(
                f"{product} is listed, but its status is {ITEMS[product][0]}: keep the active items alone."
            )
    if more:
        raise WrongAnswer(
            f"Below {below}, {more[0]} is listed, which has {ITEMS.get(more[0], (0, '?'))[1]} pieces. Compare with <."
        )
    missing = sorted(set(expected) - set(returned))
    if missing:
        raise WrongAnswer(
            f"Below {below}, {missing[0]} with {expected[missing[0]]} pieces is missing. {_why_missing(below, values)}"
        )
    raise WrongAnswer('A quantity is not an int: DynamoDB sends {"N": "6"}, return 6.')


def _why_missing(below: int, values: Sequence[object]) -> str:
    """What is wrong with these values of a filter that drops too much."""
    if {"N": str(below)} not in values:
        return 'Compare the quantity with the argument, as a number: the value is {"N": "…"}.'
    return (
        "The filter drops it: the attribute is `status`, its value is `active`, and both conditions must hold "
        "for the same item."
    )


def _matching(page: Mapping[str, Any], below: int) -> int:
    """How many items of a page are active and below the limit."""
    names = [item.get("product_id", {}).get("S", "") for item in page.get("Items", [])]
    return sum(
        ITEMS[name][0] == "active" and ITEMS[name][1] < below for name in names if name in ITEMS
    )


def _scan_page(bench: Bench, sent: Mapping[str, Any]) -> Any:
    """The answer to Scan in pages of two items before the filter, the first of them empty."""
    if "ExclusiveStartKey" not in sent:
        return {"Items": [], "Count": 0, "ScannedCount": 2, "LastEvaluatedKey": START_KEY}
    request = {**sent, "Limit": 2}
    if sent["ExclusiveStartKey"] == START_KEY:
        del request["ExclusiveStartKey"]
    try:
        return dict(bench.raw("dynamodb").scan(**request))
    except ClientError as exc:
        error = exc.response["Error"]
        return error["Code"], error["Message"]


STILL_WAITING = "No report covers the record yet, so it is still waiting: return None."


@checks("08/latency", "measure how long a record took")
def latency(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """The ends of a batch, another shard, a batch that came again, a long wait, no wait, a waiting record."""
    cases = [
        (SHARD_0, 1, 2.0), (SHARD_0, 3, 2.0), (SHARD_0, 2, 2.0), (SHARD_1, 2, 7.25),
        (SHARD_0, 4, 90_030.5), (SHARD_1, 4, 1.0), (SHARD_1, 7, 0.0), (SHARD_0, 9, None), (SHARD_1, 1, None),
    ]  # fmt: skip
    for shard, at, expected in cases:
        reports = _timed_reports()
        try:
            returned = answer(_arrived(at), shard, reports)
        except WrongAnswer as exc:
            if expected is None:
                raise WrongAnswer(f"{exc}. {STILL_WAITING}", exc) from exc
            raise
        _latency_is(returned, expected)
        if any(report not in reports for report in _timed_reports()):
            raise WrongAnswer(
                "It changes `reports`. The next record needs the same list: read it, and leave it as it is."
            )


def _latency_is(returned: object, expected: float | None) -> None:
    if expected is None:
        if returned is not None:
            raise WrongAnswer(STILL_WAITING)
        return
    if isinstance(returned, timedelta):
        raise WrongAnswer("It returns a timedelta: return seconds, with .total_seconds().")
    if returned is None and expected == 0:
        raise WrongAnswer(
            "A record was processed in the moment in which it arrived: return 0.0. In Python zero counts as "
            "false, so compare with `is None`."
        )
    if returned is None:
        raise WrongAnswer(
            "It returns nothing for a record that was processed. The first and the last record of a batch "
            "belong to it, and so do all between them. Compare the numbers as integers: as texts, 10 comes before 9."
        )
    if not isinstance(returned, (int, float)) or isinstance(returned, bool):
        raise WrongAnswer(f"It returns {_short(returned)}: return seconds.")
    with suppress(OverflowError, ValueError):
        if abs(returned - expected) < 1e-3:
            return
    raise WrongAnswer(_why_wrong(float(returned), expected))


def _why_wrong(returned: float, expected: float) -> str:
    if abs(returned + expected) < 1e-3:
        return "The seconds are negative: subtract the arrival from the time of the report."
    if expected > 86_400 and returned < 3600:
        return (
            f"A record waited for 25 hours and 30.5 seconds, and it returns {returned:.1f}. That is a report of other "
            "records: first and last must enclose the record's number."
        )
    if expected > 86_400:
        return (
            f"A record waited for 25 hours and 30.5 seconds, and it returns {returned:.1f}. A timedelta's .seconds leaves out the "
            "days and the fraction: use .total_seconds()."
        )
    if abs(returned - expected) >= 3600 and (returned - expected) % 3600 == 0:
        return (
            f"A record took {expected:.2f} seconds, and it returns {returned:.2f}: whole hours are wrong. Subtract the "
            "times as they are, with their time zones."
        )
    if expected and abs(returned - 1000 * expected) < 1:
        return "It returns milliseconds: return seconds."
    if expected == 0:
        return (
            f"A record was processed in the moment in which it arrived, and it returns {returned:.2f}. In Python zero "
            "counts as false, so compare with `is None`."
        )
    if expected > 7:
        return _why_wrong_with_a_fraction(returned)
    if returned == 0:
        return "A record took 2 seconds, and it returns 0.00. Use .total_seconds()."
    if returned < expected:
        return (
            f"A record of shard 0000 took {expected} seconds, and it returns {returned:.2f}. Shards may use the same "
            "numbers, so compare shard_id as well."
        )
    return (
        f"A record took {expected:.0f} seconds, and it returns {returned:.2f}. Its batch was delivered again later: the first report "
        "that covers the record counts, and the reports are in no order."
    )


def _why_wrong_with_a_fraction(returned: float) -> str:
    """For the record of shard 0001 that took 7.25 seconds."""
    start = f"A record of shard 0001 took 7.25 seconds, and it returns {returned:.2f}."
    if returned in (7, 8):
        return f"{start} Keep the fraction: use .total_seconds(), and do not round."
    if abs(returned - 0.25) < 1e-3:
        return f"{start} A timedelta's .microseconds are only the part below a second: use .total_seconds()."
    if returned in (0, 1):
        return (
            f"{start} That is a report of other records: first and last must enclose the record's number. The numbers are too long "
            "for a float: compare them with int."
        )
    return f"{start} Shards may use the same numbers, so compare shard_id as well."


def _arrived(at: int) -> dict[str, Any]:
    """A record that arrived at 9:00; boto3 gives the time in the zone of the machine."""
    return {
        "SequenceNumber": str(FIRST + at),
        "PartitionKey": "Phone",
        "Data": b"{}",
        "ApproximateArrivalTimestamp": datetime(
            2026, 1, 5, 11, tzinfo=timezone(timedelta(hours=2))
        ),
    }


def _timed_reports() -> list[dict[str, Any]]:
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    timed = [
        (SHARD_0, 1, 3, 60.0), (SHARD_1, 2, 3, 7.25), (SHARD_0, 1, 3, 2.0), (SHARD_0, 4, 4, 90_030.5),
        (SHARD_0, 1, 3, 300.0), (SHARD_1, 3, 5, 1.0), (SHARD_1, 7, 7, 0.0), (SHARD_1, 7, 7, 30.0),
    ]  # fmt: skip
    return [
        {
            "report": "batch",
            "shard_id": shard,
            "first": str(FIRST + first),
            "last": str(FIRST + last),
            "at": start + timedelta(seconds=seconds),
        }
        for shard, first, last, seconds in timed
    ]


def _short(value: object) -> str:
    return "nothing" if value is None else f"{value!r:.60}"
