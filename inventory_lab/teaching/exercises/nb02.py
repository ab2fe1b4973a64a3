"""The exercises of notebook 02, the Kinesis stream."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from itertools import cycle
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError, WaiterError

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer, StopAnswer
from inventory_lab.teaching.exercises.bench import AwsCall, Bench
from inventory_lab.teaching.exercises.registry import checks

DESCRIBES = ("DescribeStream", "DescribeStreamSummary")
THROTTLED = "ProvisionedThroughputExceededException"
FAILURES = {THROTTLED: "Rate exceeded for shard", "InternalFailure": "Internal Service Failure"}
"""What a result of PutRecords may say, https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecordsResultEntry.html"""
LIMIT = ("LimitExceededException", "Your account has reached its limit of shards.")
NO_STREAM = ("ResourceNotFoundException", "Stream orders under account 123456789012 not found.")
RESHAPES = ("UpdateShardCount", "SplitShard", "MergeShards", "UpdateStreamMode")
ELSEWHERE = "arn:aws:kinesis:eu-west-3:210987654321:stream/"


@checks("02/create_stream", "create a stream, or keep the one that exists")
def create_stream(answer: Answer, bench: Bench) -> None:
    """A new stream, slow to become active; one that exists; an error that must not be hidden."""
    kinesis, name = bench.client("kinesis"), bench.name("orders")
    for operation in DESCRIBES:
        bench.altered(kinesis, operation, _creating_at_first)
    arn = _stream_arn(answer, bench, kinesis, name)
    raw = bench.raw("kinesis")
    raw.put_record(StreamName=name, PartitionKey="Phone", Data=b"kept")
    try:
        again = answer(kinesis, name, 3)
    except WrongAnswer as exc:
        if _code(exc) == "ResourceInUseException":
            raise WrongAnswer(
                "The second call, for a stream that exists, fails with ResourceInUseException. "
                "Catch this exception around create_stream: the stream is there, which is what you want."
            ) from exc
        raise
    if not _payloads(raw, name):
        raise WrongAnswer(
            "When the stream exists, your function deletes it, and its records are lost. Keep it."
        )
    if any(bench.made(operation) for operation in RESHAPES):
        raise WrongAnswer(
            "When the stream exists, your function changes its shards. Keep the stream as it is."
        )
    if again != arn:
        raise WrongAnswer(
            f"For a stream that exists it returns {again!r:.80}, not the stream's ARN."
        )
    _survives_a_race(answer, bench)
    _other_errors_pass(answer, bench)
    bench.require_rights("ListStreams", "describe_stream_summary answers with the ARN.")


def _stream_arn(answer: Answer, bench: Bench, kinesis: Any, name: str) -> str:
    """The ARN, when the answer has created the stream as it should."""
    returned = answer(kinesis, name, 3)
    created = bench.made("CreateStream")
    if not created:
        raise WrongAnswer("No stream was created: call kinesis.create_stream.")
    if created[0].parameters["StreamName"] != name:
        raise WrongAnswer("The stream has another name than the argument `name` says.")
    if created[0].parameters.get("ShardCount") != 3:
        shards = created[0].parameters.get("ShardCount")
        raise WrongAnswer(f"Asked for 3 shards, your function created {shards or 'the default'}.")
    _waits_until_active(bench.calls)
    arn = bench.raw("kinesis").describe_stream_summary(StreamName=name)
    expected = str(arn["StreamDescriptionSummary"]["StreamARN"])
    if returned != expected:
        raise WrongAnswer(
            f"It returns {_short(returned)}. Return the ARN: describe_stream_summary answers with it."
        )
    return expected


def _waits_until_active(calls: list[AwsCall]) -> None:
    described = [_status(call.answer) for call in calls if call.operation in DESCRIBES]
    if "ACTIVE" not in described:
        raise WrongAnswer(
            "Your function returns while the stream is still CREATING, and the next call would fail. "
            'Wait until it is ACTIVE, with kinesis.get_waiter("stream_exists"), in every case.'
        )


def _survives_a_race(answer: Answer, bench: Bench) -> None:
    """Somebody else creates the stream just before the answer does."""
    kinesis, name, before = bench.client("kinesis"), bench.name("orders"), len(bench.calls)
    colleague = bench.client("kinesis")
    for operation in (*DESCRIBES, "ListStreams"):
        bench.altered(kinesis, operation, _elsewhere)

    def too_late(*_: object) -> tuple[str, str]:
        with suppress(colleague.exceptions.ResourceInUseException):
            colleague.create_stream(StreamName=name, ShardCount=3)
        return "ResourceInUseException", f"Stream {name} under account 123456789012 already exists."

    bench.fault(kinesis, "CreateStream", too_late)
    try:
        returned = answer(kinesis, name, 3)
    except WrongAnswer as exc:
        if _code(exc) != "ResourceInUseException":
            raise
        raise WrongAnswer(
            "Your function asks whether the stream exists, and then creates it. When somebody else "
            "creates it in between, it fails. Create first, and catch ResourceInUseException."
        ) from exc
    _waits_until_active(bench.calls[before:])
    if returned != f"{ELSEWHERE}{name}":
        raise WrongAnswer(
            "In another account and region it returns the same ARN as here. Do not write the account and "
            "the region yourself: return the ARN with which describe_stream_summary answers."
        )


def _other_errors_pass(answer: Answer, bench: Bench) -> None:
    """Raise WrongAnswer when the answer hides an error that is not about an existing stream."""
    kinesis, name = bench.client("kinesis"), bench.name("orders")
    bench.fault(kinesis, "CreateStream", lambda *_: LIMIT)
    try:
        answer(kinesis, name, 3)
    except WrongAnswer as exc:
        if _code(exc) == LIMIT[0]:
            return
        if not isinstance(exc.error, ClientError | StopAnswer | WaiterError):
            raise
        raise WrongAnswer(
            "When AWS answers LimitExceededException, your function goes on, and fails later with "
            "something else. Catch ResourceInUseException alone."
        ) from exc
    raise WrongAnswer(
        "When AWS answers LimitExceededException, your function hides it and goes on."
    )


def _creating_at_first(answer: dict[str, Any], calls_before: int) -> None:
    """The first answer says that the stream is being created, as AWS does for some seconds."""
    for key in ("StreamDescription", "StreamDescriptionSummary"):
        if key in answer and calls_before == 0:
            answer[key]["StreamStatus"] = "CREATING"


def _elsewhere(answer: dict[str, Any], calls_before: int) -> None:
    """The answer as an account in Paris gets it."""
    _creating_at_first(answer, calls_before)
    described = [answer.get("StreamDescription"), answer.get("StreamDescriptionSummary")]
    for stream in (*filter(None, described), *answer.get("StreamSummaries", [])):
        stream["StreamARN"] = ELSEWHERE + stream["StreamName"]


def _status(answer: Mapping[str, Any]) -> str:
    description = answer.get("StreamDescription") or answer.get("StreamDescriptionSummary") or {}
    return str(description.get("StreamStatus", ""))


@checks("02/put_all", "store every record, sending again those that failed", build=True)
def put_all(answer: Answer, bench: Bench) -> None:
    """Records of which some are refused once or more often, some of them alike; nothing lost or doubled."""
    cases: list[tuple[set[int], int]] = [
        ({1, 4}, 2),
        (set(range(7)), 1),
        (set(), 0),
        ({6}, 25),
        ({0, 2, 5}, 3),
    ]
    for refused, times in cases:
        _put(answer, bench, "0123456", refused, times)
    _put(answer, bench, "0121516", {1, 3}, 1)
    _errors_come_out(answer, bench)


def _put(answer: Answer, bench: Bench, letters: str, refused: set[int], times: int) -> None:
    """Let the answer store seven records, of which Kinesis refuses some in the first calls."""
    stream, kinesis, raw = _stream(bench), bench.client("kinesis"), bench.raw("kinesis")
    names = [f'{{"n":{n}}}'.encode() for n in letters]
    entries = [
        {"PartitionKey": f"p{n}", "Data": name} for n, name in zip(letters, names, strict=True)
    ]
    before, pauses = len(bench.calls), len(bench.slept)

    def partly(sent: Mapping[str, Any], calls_before: int) -> Any:
        if calls_before > 40:
            raise StopAnswer(
                "Your function sends the same records again for ever: send again only what failed "
                "in the last call, and stop when nothing failed."
            )
        known = {names[n] for n in sorted(refused)[len(refused) > 2 :]}  # of three, two again
        again = {at for at, entry in enumerate(sent["Records"]) if entry["Data"] in known}
        return _partial_answer(
            raw, sent, (again if calls_before else refused) if calls_before < times else set()
        )

    bench.fault(kinesis, "PutRecords", partly)
    given = copy.deepcopy(entries)
    returned = _stored_by(answer, kinesis, stream, given, bench)
    if any(call.operation == "PutRecord" for call in bench.calls[before:]):
        raise WrongAnswer(
            "It sends records one by one with put_record. Send what failed together, with put_records, "
            "which takes up to 500 in one call."
        )
    calls = [call for call in bench.calls[before:] if call.operation == "PutRecords"]
    _entries_are_sent_as_they_are(calls, entries)
    _all_stored_once(Counter(_payloads(raw, stream)), Counter(names), calls, len(refused))
    if calls and len(calls[0].parameters["Records"]) < len(entries):
        raise WrongAnswer(
            f"Its first call sends {len(calls[0].parameters['Records'])} of {len(entries)} entries. Send them "
            "together: put_records takes up to 500 records."
        )
    if len(calls) > times + 1:
        raise WrongAnswer(
            f"{len(refused)} of 7 records failed, and it sends them in calls of their own. Collect what "
            "failed, and send it in one new call: put_records takes up to 500 records."
        )
    _pauses_are_right(bench.slept[pauses:], len(calls) - 1)
    sent_again = sum(len(call.parameters["Records"]) for call in calls) - len(entries)
    if type(returned) is not int or returned != sent_again:
        raise WrongAnswer(
            f"It sent {sent_again} records again and returns {_short(returned)}: return how many "
            "records it sent again, 0 when none."
        )
    if given != entries:
        raise WrongAnswer(
            "It changes the list `entries`, which belongs to the caller. Make a new list of what failed."
        )


def _stored_by(
    answer: Answer, kinesis: Any, stream: str, entries: list[dict[str, Any]], bench: Bench
) -> object:
    try:
        return answer(kinesis, stream, entries, bench.sleep)
    except WrongAnswer as exc:
        if not isinstance(exc.error, KeyError) or "ErrorCode" not in str(exc.error):
            raise
        raise WrongAnswer(
            'A result has an ErrorCode only when its record failed, so result["ErrorCode"] raises a '
            'KeyError for the others. Ask with "ErrorCode" in result.'
        ) from exc


def _entries_are_sent_as_they_are(calls: list[AwsCall], entries: list[dict[str, Any]]) -> None:
    for call in calls:
        for record in call.parameters["Records"]:
            if record not in entries:
                raise WrongAnswer(
                    f"It sends a record with the key {record.get('PartitionKey')!r:.30} that is none of "
                    "the entries. Send each entry as it is, with its own Data and PartitionKey."
                )


def _pauses_are_right(slept: list[float], again: int) -> None:
    """One pause before each of the calls that send something again."""
    if len(slept) < again:
        raise WrongAnswer(
            "It sends again at once. The shard is still over its limit then: call sleep(…) before, the "
            "argument. (time.sleep does not move the clock of the lab.)"
        )
    if not again and slept:
        raise WrongAnswer("Nothing failed, and your function pauses all the same.")
    if len(slept) > again:
        raise WrongAnswer(
            f"It pauses {len(slept)} times and sends again {again} times: one pause before each new "
            "call is enough, and none after the last one."
        )
    for seconds in slept:
        if seconds < 1 or slept[0] > 60:
            raise WrongAnswer(
                f"sleep({seconds:g}) is not the pause: the limit of a shard counts by the second, so "
                "call sleep(1)."
            )


def _all_stored_once(
    stored: Counter[bytes], sent: Counter[bytes], calls: list[AwsCall], refused: int
) -> None:
    lost, extra = sent - stored, stored - sent
    missing, doubled = lost.total(), extra.total()
    if not calls:
        raise WrongAnswer("No call of kinesis.put_records was made.")
    if missing and len(sent) < sent.total():
        raise WrongAnswer(
            f"Three of the entries are alike, as two sales of one phone can be, and {missing} of them "
            "are lost. They are records of their own: go by the place in the list, not by what is in them."
        )
    if missing and len(calls) == 1:
        raise WrongAnswer(
            f"PutRecords answered 200, but records were refused and are lost: {missing} of 7. "
            "Look at FailedRecordCount."
        )
    if missing and not doubled and not _sent_again(calls, lost):
        raise WrongAnswer(
            f"Records are lost, {missing} of 7: those that failed with InternalFailure. Send again "
            "whatever has an ErrorCode, whichever it is."
        )
    if missing and not doubled:
        raise WrongAnswer(
            f"Records are lost, {missing} of 7: they were refused again when they were sent again. "
            "Repeat until FailedRecordCount is 0."
        )
    if missing or doubled:
        too = f", and {missing} lost" if missing else ""
        raise WrongAnswer(
            f"Records are in the stream twice: {doubled}{too}. Send again only the records whose result "
            f"has an ErrorCode ({refused} of 7 here), and compare each answer with the records that its "
            "own call sent."
        )


def _sent_again(calls: list[AwsCall], lost: Counter[bytes]) -> bool:
    """Whether a record that is lost was sent more than once."""
    later = [record["Data"] for call in calls[1:] for record in call.parameters["Records"]]
    return any(data in lost for data in later)


def _partial_answer(raw: Any, sent: Mapping[str, Any], refused: set[int]) -> dict[str, Any]:
    """Store all but the records at these places; the answer of PutRecords, in the order of the request.
    They fail for two reasons in turn.
    """
    accepted = [entry for at, entry in enumerate(sent["Records"]) if at not in refused]
    stored = raw.put_records(**{**sent, "Records": accepted})["Records"] if accepted else []
    results, codes = iter(stored), cycle(FAILURES)
    answers = [
        _failure(next(codes)) if at in refused else next(results)
        for at in range(len(sent["Records"]))
    ]
    return {"FailedRecordCount": len(answers) - len(stored), "Records": answers}


def _failure(code: str) -> dict[str, str]:
    return {"ErrorCode": code, "ErrorMessage": FAILURES[code]}


def _errors_come_out(answer: Answer, bench: Bench) -> None:
    kinesis = bench.client("kinesis")
    bench.fault(kinesis, "PutRecords", lambda *_: NO_STREAM)
    try:
        answer(kinesis, "orders", [{"PartitionKey": "p", "Data": b"1"}], bench.sleep)
    except WrongAnswer as exc:
        if _code(exc) == NO_STREAM[0]:
            return
        raise
    raise WrongAnswer(
        "When the stream does not exist, put_records raises an exception. Your function hides it, and the "
        "records are lost: let it come out."
    )


@checks("02/read_shard", "read all records of a shard, page by page")
def read_shard(answer: Answer, bench: Bench) -> None:
    """A shard of several pages, many of them empty; a closed shard; the other shard stays unread."""
    stream, raw = _stream(bench, shards=2), bench.raw("kinesis")
    entries = [{"PartitionKey": f"p{n}", "Data": f"{n}".encode()} for n in range(12)]
    alike = entries[:6]  # two sales of one phone look alike
    raw.put_records(StreamName=stream, Records=entries[:6] + alike + entries[6:])
    shards = raw.list_shards(StreamName=stream)["Shards"]
    for shard in shards:
        _read(answer, bench, stream, shard["ShardId"], closed=False)
    _read(answer, bench, stream, shards[0]["ShardId"], closed=True)


def _read(answer: Answer, bench: Bench, stream: str, shard: str, *, closed: bool) -> None:
    """Let the answer read one shard in pages of two records, with an empty page among them."""
    raw, kinesis = bench.raw("kinesis"), bench.client("kinesis")
    start = raw.get_shard_iterator(
        StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )
    expected = raw.get_records(ShardIterator=start["ShardIterator"])["Records"]
    pages = _Pages(expected, closed=closed)
    bench.fault(kinesis, "GetRecords", pages.page)
    before = len(bench.calls)
    try:
        returned = answer(kinesis, stream, shard)
    except WrongAnswer as exc:
        if isinstance(exc.error, ParamValidationError) and "ShardIterator" in str(exc.error):
            raise WrongAnswer(
                "It passes something else than an iterator to get_records. get_shard_iterator answers "
                'with a dict: take its "ShardIterator".'
            ) from exc
        if not isinstance(exc.error, KeyError) or "NextShardIterator" not in str(exc.error):
            raise
        raise WrongAnswer(
            "This shard is closed, so its last page has no NextShardIterator, and your function fails "
            'with a KeyError. page.get("NextShardIterator") gives None then.'
        ) from exc
    if not isinstance(returned, list):
        raise WrongAnswer(
            f"It returns {_short(returned)}, not the list of the records. Collect them in `records`."
        )
    asked = [call for call in bench.calls[before:] if call.operation == "GetShardIterator"]
    _iterator_is_right(asked, shard)
    if any(isinstance(page, list) or _is_page(page) for page in returned):
        raise WrongAnswer(
            "It returns a list of pages. One flat list of the records is expected: use extend."
        )
    if not all(isinstance(record, dict) and "SequenceNumber" in record for record in returned):
        raise WrongAnswer(
            "It returns a part of each record. Return the records as GetRecords gives them, with "
            "SequenceNumber, PartitionKey and Data."
        )
    data = [record["Data"] for record in returned]
    reads = sum(call.operation == "GetRecords" for call in bench.calls[before:])
    if reads >= pages.number and data == [record["Data"] for record in expected[: -pages.last]]:
        raise WrongAnswer(
            "It has read all pages, and the records of the last one are missing. Take the records of a "
            "page before you look whether it is the last."
        )
    _records_are_all_there(data, [record["Data"] for record in expected], reads)
    if reads > pages.number:
        raise WrongAnswer(
            "It has all records and reads on: MillisBehindLatest was 0 before. Stop at the page that says so."
        )


def _is_page(value: object) -> bool:
    """Whether a value is an answer of GetRecords."""
    return isinstance(value, dict) and "Records" in value


def _iterator_is_right(asked: list[Any], shard: str) -> None:
    if not asked:
        raise WrongAnswer("It never asked for an iterator: begin with kinesis.get_shard_iterator.")
    if asked[0].parameters["ShardIteratorType"] == "LATEST":
        raise WrongAnswer(
            "LATEST begins behind the newest record, so all that is in the shard is skipped. "
            "TRIM_HORIZON begins with the oldest."
        )
    if asked[0].parameters["ShardId"] != shard:
        raise WrongAnswer("It reads another shard than the argument `shard_id` says.")


def _records_are_all_there(data: list[Any], expected: list[bytes], calls: int) -> None:
    if data == expected:
        return
    if data == expected[:2] and calls == 1:
        raise WrongAnswer(
            "It returns the first page alone. GetRecords gives a part of the shard: go on with "
            "NextShardIterator until MillisBehindLatest is 0."
        )
    if data and data == expected[: len(data)] and len(data) < len(expected):
        raise WrongAnswer(
            f"It stops after {len(data)} of {len(expected)} records, in {calls} calls. A page may be empty "
            "in the middle of a shard, and many in a row: only MillisBehindLatest == 0 says that you have "
            "reached the end."
        )
    if sorted(map(repr, data)) == sorted(map(repr, expected)):
        raise WrongAnswer("All records are there, but not in the order of the shard.")
    if data == list(dict.fromkeys(expected)):
        raise WrongAnswer(
            "Some records of the shard have the same data, and it returns one of them. Each is a record, "
            "with a SequenceNumber of its own: return all."
        )
    if len(data) == len(expected):
        raise WrongAnswer(
            "The Data of a record is not what GetRecords gave. Return the records unchanged: their data "
            "are bytes."
        )
    more = f"{len(data)} records came back, {len(expected)} are in the shard"
    raise WrongAnswer(f"{more}; each must be there once, as GetRecords gave it.")


class _Pages:
    """Answers GetRecords with pages of two records; twelve pages after the first are empty, as it can be
    on AWS.
    """

    def __init__(self, records: list[dict[str, Any]], *, closed: bool) -> None:
        rest = (records[at : at + 2] for at in range(2, len(records), 2))
        self._pages = [records[:2], *[[]] * 12, *rest]
        self.number, self.last = len(self._pages), len(self._pages[-1])
        self._closed = closed
        self._first_page_read = 0

    def page(self, sent: Mapping[str, Any], calls_before: int) -> dict[str, Any]:
        """The page of an iterator."""
        if calls_before > 40:
            raise StopAnswer(
                "It reads on for ever. The iterator of an open shard never ends: stop when "
                "MillisBehindLatest is 0, or when there is no NextShardIterator."
            )
        head, _, number = str(sent["ShardIterator"]).rpartition(" page ")
        position = int(number) if head else 0
        self._first_page_read += position == 0
        if self._first_page_read > 3:
            raise StopAnswer(
                "It reads the first page again and again. Ask for one iterator at the beginning, and go on "
                "with the NextShardIterator of the last answer."
            )
        page = self._pages[position] if position < len(self._pages) else []
        behind = max(0, self.number - 1 - position) * 100
        following = {"NextShardIterator": f"iterator page {position + 1}"}
        if self._closed and not behind:
            following, behind = {}, 1000
        return {"Records": page, "MillisBehindLatest": behind, **following}


def _stream(bench: Bench, shards: int = 1) -> str:
    """A new stream, made by the owner and deleted with the rest."""
    name = bench.name("orders")
    bench.client("kinesis").create_stream(StreamName=name, ShardCount=shards)
    return name


def _payloads(raw: Any, stream: str) -> list[bytes]:
    """The data of all records of a stream, shard after shard."""
    data: list[bytes] = []
    for shard in raw.list_shards(StreamName=stream)["Shards"]:
        start = raw.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )
        answer = raw.get_records(ShardIterator=start["ShardIterator"])
        data += [record["Data"] for record in answer["Records"]]
    return data


def _short(value: object) -> str:
    """A value in few words."""
    if value is None:
        return "nothing"
    if isinstance(value, str | int | float):
        return json.dumps(value)[:60]
    return f"a {type(value).__name__}"


def _code(exc: WrongAnswer) -> str:
    """The code of AWS's error that came out of the answer; "" for another error."""
    error = exc.error
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
