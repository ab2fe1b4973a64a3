"""Faults of AWS on demand: a seeded plan, whose faults are the same in every run.

| fault | what happens |
|---|---|
| duplicate_delivery | a batch that was delivered is delivered again in the next round |
| late_execution | a batch that was delivered is executed again some rounds later, after newer ones |
| zombie | a second execution of the same batch runs while the first is about to commit |
| stale_write | an execution stalls before its write, is given up, and writes after the batch was executed again and the next one too |
| recut | a batch has other limits: smaller than it was due, or two halves when it is retried |
| child_before_parent | a shard is read before the one it came from is drained |
| crash_before_effect | the function dies at its first call of an invocation |
| crash_before_commit | the function dies after its notices, before its first write |
| crash_between_commits | the function dies after its first write and before a later one |
| crash_after_commit | the function did everything, and its answer is lost |
| throttle, server_error | an API call of the producer, the pipe or the function is refused |
| lost_response | the service acted, the answer was lost, and the SDK sent the call again |
| poison | the stream has a record that is not an event |
| reshard | a shard is split, or two neighbours are merged |

A stale write needs no broken service: a pipe gives an execution up after 5 minutes, and a function may run
for 15. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-batching-concurrency.html

Free of moto; nothing here sleeps or uses the time of day. An SDK would retry a throttled call and wait:
here the refusal stands for retries that are used up.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from botocore import handlers
from botocore.awsrequest import AWSResponse

from inventory_lab.exceptions import WrongSetting

if TYPE_CHECKING:
    from inventory_lab.embedded_aws.polling.lanes import Batch

CALLER = "inventory_lab_caller"
TWICE = "X-Inventory-Lab-Twice"
LATEST_ROUND = 6
_COMMITS = {"UpdateItem", "PutItem", "DeleteItem", "TransactWriteItems"}
_THROTTLES = {
    "kinesis": ("ProvisionedThroughputExceededException", 400),
    "dynamodb": ("ProvisionedThroughputExceededException", 400),
    "lambda": ("TooManyRequestsException", 429),
    "sns": ("Throttled", 429),
    "sqs": ("RequestThrottled", 403),
}
_SERVER_ERRORS = {
    "kinesis": "InternalFailureException",
    "dynamodb": "InternalServerError",
    "lambda": "ServiceException",
    "sns": "InternalError",
    "sqs": "InternalError",
}


class Crash(SystemExit):
    """The function's process dies at this point."""


@dataclass(frozen=True, kw_only=True)
class FaultPlan:
    """How likely each fault is whenever it can happen, from 0 to 1, and how often at most.

    The same `seed` gives the same faults; `at_most` limits each kind of fault. Raises WrongSetting for a
    value outside 0 to 1.

    >>> plan = FaultPlan(seed=7, duplicate_delivery=0.5, at_most=3)
    >>> plan.throttle
    0
    """

    seed: int = 0
    at_most: int | None = None
    duplicate_delivery: float = 0
    late_execution: float = 0
    zombie: float = 0
    recut: float = 0
    child_before_parent: float = 0
    crash_before_effect: float = 0
    crash_before_commit: float = 0
    crash_between_commits: float = 0
    crash_after_commit: float = 0
    throttle: float = 0
    server_error: float = 0
    lost_response: float = 0
    poison: float = 0
    reshard: float = 0
    stale_write: float = 0

    def __post_init__(self) -> None:
        for name in FAULTS:
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 0 <= value <= 1:
                raise WrongSetting(name, value, "a probability from 0 to 1")


FAULTS = tuple(f.name for f in fields(FaultPlan) if f.name not in ("seed", "at_most"))


class Faults:
    """Decides where the faults of a plan strike; without a plan, nowhere."""

    def __init__(self) -> None:
        self._plan: FaultPlan | None = None
        self._random = random.Random(0)
        self._counts: dict[str, int] = {}
        self._struck: list[str] = []
        self._later: list[tuple[int, str, Batch]] = []
        self._round = 0
        self._invocation: _Invocation | None = None

    def begin(self, plan: FaultPlan) -> None:
        """Follow a plan from now on."""
        self._plan, self._random = plan, random.Random(plan.seed)
        self._counts, self._struck, self._later = {}, [], []

    def end(self) -> None:
        """Follow no plan; what was to happen later happens no more."""
        self._plan, self._later = None, []

    def struck(self) -> list[str]:
        """What struck since this was last asked."""
        struck, self._struck = self._struck, []
        return struck

    # ------------------------------------------------------------ of a delivery

    def reads_child_early(self, shard_id: str) -> bool:
        """Whether a shard is read although its parents are not drained."""
        return self._strikes("child_before_parent", shard_id)

    def cut(self, size: int) -> int:
        """How many of the records that are due make the batch."""
        if size > 1 and self._strikes("recut", f"{size} records"):
            return self._random.randint(1, size - 1)
        return size

    def recut(self, batch: Batch) -> list[Batch]:
        """The batch as it is tried again."""
        if len(batch.events) > 1 and self._strikes("recut", batch.events[0]["eventID"]):
            at = self._random.randint(1, len(batch.events) - 1)
            return [batch.part(batch.events[:at]), batch.part(batch.events[at:])]
        return [batch]

    def delivered(self, place: str, batch: Batch) -> None:
        """Take note of a batch that was delivered at a place, a consumer's shard, where it may come again."""
        where = batch.events[0]["eventID"]
        if self._strikes("duplicate_delivery", where):
            self._later.append((self._round + 1, place, batch))
        if self._strikes("late_execution", where):
            due = self._round + self._random.randint(2, LATEST_ROUND)
            self._later.append((due, place, batch))

    def late_batches(self, place: str) -> list[Batch]:
        """Batches that were delivered at this place before and are executed again now."""
        due = [late for late in self._later if late[0] <= self._round and late[1] == place]
        self._later = [late for late in self._later if late not in due]
        return [batch for _, _, batch in due]

    def loses_answer(self, where: str) -> bool:
        """Whether the function's answer is lost after it did everything."""
        return self._strikes("crash_after_commit", where)

    @contextmanager
    def invocation(
        self, again: Callable[[], Any] | None, overtake: Callable[[], Any] | None = None
    ) -> Iterator[None]:
        """Inside, the function runs; `again` executes the same batch once more, `overtake` also the
        batch behind it.
        """
        outer, self._invocation = self._invocation, _Invocation(again, overtake)
        try:
            yield
        finally:
            self._invocation = outer

    # ------------------------------------------------------------ of a round

    def begin_round(self, kinesis: Any, stream: str) -> None:
        """Let a round begin: shards may be split or merged, poison may arrive."""
        self._round += 1
        if self._strikes("poison", stream):
            kinesis.put_record(StreamName=stream, **self._poison())
        if self._strikes("reshard", stream):
            self._reshard(kinesis, stream)

    def _poison(self) -> dict[str, Any]:
        data = self._random.choice(
            [self._random.randbytes(20), b"{", b"[]", b'{"quantity": NaN}', b"\xff\xfe", b"{" * 99]
        )
        return {"PartitionKey": f"poison-{self._random.randint(0, 9)}", "Data": data}

    def _reshard(self, kinesis: Any, stream: str) -> None:
        shards = kinesis.list_shards(StreamName=stream)["Shards"]
        ended = "EndingSequenceNumber"
        existing = [s for s in shards if ended not in s["SequenceNumberRange"]]
        existing.sort(key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
        at = self._random.randrange(len(existing))
        if len(existing) > 1 and self._random.random() < 0.5:
            one, other = existing[at - 1 : at + 1] if at else existing[:2]
            kinesis.merge_shards(
                StreamName=stream,
                ShardToMerge=one["ShardId"],
                AdjacentShardToMerge=other["ShardId"],
            )
            return
        first, last = (int(existing[at]["HashKeyRange"][f"{e}HashKey"]) for e in _ENDS)
        kinesis.split_shard(
            StreamName=stream,
            ShardToSplit=existing[at]["ShardId"],
            NewStartingHashKey=str((first + last) // 2),
        )

    # ------------------------------------------------------------ of a call

    def handlers(self) -> list[tuple[str, Callable[..., Any], Any]]:
        """The entry among botocore's built-in handlers."""
        return [("before-call", self.before_call, handlers.REGISTER_LAST)]

    def before_call(
        self, model: Any, params: Any, context: Mapping[str, Any], **_: Any
    ) -> tuple[AWSResponse, dict[str, Any]] | None:
        """Handles before-call: an error answer, a crash, or none."""
        caller = context.get(CALLER)
        service, operation = model.service_model.service_name, model.name
        if self._plan is None or caller is None or not _concerns(caller, service, operation):
            return None
        if self._invocation is not None and service != "lambda":
            self._crash(self._invocation, operation)
        if self._strikes("throttle", operation):
            return _refusal(*_THROTTLES[service])
        if self._strikes("server_error", operation):
            return _refusal(_SERVER_ERRORS[service], 500)
        if not _reads(operation) and self._strikes("lost_response", operation):
            params["headers"][TWICE] = "yes"
        return None

    def _crash(self, invocation: _Invocation, operation: str) -> None:
        if invocation.calls == 0 and self._strikes("crash_before_effect", operation):
            raise Crash("crashed before any effect")
        invocation.calls += 1
        if operation not in _COMMITS:
            return
        self._meanwhile(invocation, operation)
        kind = "crash_between_commits" if invocation.commits else "crash_before_commit"
        if self._strikes(kind, operation):
            raise Crash(kind.replace("_", " "))
        invocation.commits += 1

    def _meanwhile(self, invocation: _Invocation, operation: str) -> None:
        """Let other executions run before the first write of this one."""
        again, invocation.again = invocation.again, None
        if again is not None and self._strikes("zombie", operation):
            again()
        overtake, invocation.overtake = invocation.overtake, None
        if overtake is not None and self._strikes("stale_write", operation):
            overtake()

    def _strikes(self, fault: str, where: str) -> bool:
        plan = self._plan
        likely = 0 if plan is None else getattr(plan, fault)
        if not likely or self._random.random() >= likely:
            return False
        count = self._counts.get(fault, 0)
        if plan is not None and plan.at_most is not None and count >= plan.at_most:
            return False
        self._counts[fault] = count + 1
        self._struck.append(f"{fault.replace('_', ' ')} ({where})")
        return True


@dataclass(slots=True)
class _Invocation:
    """The running execution: how far it has come."""

    again: Callable[[], Any] | None
    overtake: Callable[[], Any] | None
    calls: int = 0
    commits: int = 0


def _concerns(caller: Any, service: str, operation: str) -> bool:
    """The calls of the pipe and the function, and whoever puts records; not those of an observer."""
    return service in _THROTTLES and (caller.kind == "role" or operation.startswith("PutRecord"))


def _reads(operation: str) -> bool:
    return operation.startswith(("Get", "List", "Describe", "BatchGet"))


def _refusal(code: str, status: int) -> tuple[AWSResponse, dict[str, Any]]:
    message = f"{code}, as a fault that was asked for"
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}
    return AWSResponse("https://faults.invalid", status, {}, None), answer


_ENDS = ("Starting", "Ending")
NO_FAULTS = Faults()
"""For a poller without faults."""
