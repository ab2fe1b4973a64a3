"""storm(): a handler under seeded schedules of the faults of a stream on AWS."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from inventory_lab.exceptions import PublishFailed, WrongSetting
from inventory_lab.resources import event_source_mapping, pipe
from inventory_lab.settings import HANDLERS, Settings
from inventory_lab.testing.blame import first_difference
from inventory_lab.testing.processes import AVAILABLE, side_by_side
from inventory_lab.testing.report import Failure, Outcome, StormReport
from inventory_lab.testing.scenario import INVENTORY, Scenario
from inventory_lab.testing.schedule import STORM_FAULTS, Part, Schedule, schedule_of
from inventory_lab.testing.shrink import smallest
from inventory_lab.testing.source import Handler, source_of

if TYPE_CHECKING:
    from inventory_lab.domain.events import InventoryEvent
    from inventory_lab.lab import Lab
    from inventory_lab.producer.publisher import RawRecord, Receipt

Reader = Literal["pipe", "mapping"]

FUNCTION_TIMEOUT_SECONDS = 10
SETTLE_SECONDS = 30
"""Lab time: a handler that has not processed a schedule by then is stuck."""
ROUNDS_TO_REST, FAILURES_BY_ITSELF = 30, 5
ERROR_KEYS, LONGEST_ERROR = ("errorType", "errorMessage"), 300


def storm(
    handler: str | Path | Handler,
    *,
    schedules: int = 200,
    events: int = 50,
    seed: int = 1,
    reader: Reader = "pipe",
    function: str = "handle",
    scenario: Scenario = INVENTORY,
    faults: Sequence[str] = STORM_FAULTS,
    shrink: bool = True,
    processes: int = 1,
    progress: Callable[[int], None] | None = None,
) -> StormReport:
    """How a handler came through seeded schedules of faults.

    `handler` is a .py file, Python text, a function, or "fold" or "per_record" for the two designs of
    the lab. `schedules` are played with the seeds `seed`, `seed + 1`, …, each with about `events`
    records; `reader` is what invokes the function; `function` names it in a file or text; `scenario`
    says what the events are and what state they have to leave. The storm ends at the first schedule that
    fails; with `shrink` it makes that one as small as it can, which takes up to a minute. With more
    `processes` schedules are played side by side in copies of this process (not on Windows), which
    changes no result. In a notebook leave it at 1: a copy of the kernel would lack the kernel's threads.
    `progress` is called with the number of schedules played so far. Raises BadHandler for a handler that
    cannot be deployed, WrongSetting for a fault or reader that does not exist, a number below 1, or a
    scenario without records.

    >>> storm("fold", schedules=2, events=12).passed
    True
    """
    _check(schedules=schedules, events=events, processes=processes)
    if reader not in get_args(Reader):
        raise WrongSetting("reader", reader, f"one of {', '.join(get_args(Reader))}")
    if not isinstance(scenario, Scenario):
        raise WrongSetting("scenario", scenario, "a Scenario")
    player = Player(handler, function, reader, scenario)
    schedule = partial(schedule_of, scenario=scenario, events=events, faults=faults)
    seeds = range(seed, seed + schedules)
    played, outcome = 0, Outcome()
    with closing(_outcomes(player, schedule, seeds, processes)) as outcomes:
        for played, outcome in enumerate(outcomes, 1):
            if progress is not None:
                progress(played)
            if outcome.problem:
                break
    if not outcome.problem:
        return StormReport(player.name, schedules, seed, reader)
    failed = schedule(seed + played - 1)
    small = smallest(failed, outcome, player.play) if shrink and not outcome.stuck else None
    failure = Failure(failed, outcome, *(small or (failed, outcome)))
    return StormReport(player.name, played, seed, reader, failure)


def _outcomes(
    player: Player, schedule: Callable[[int], Schedule], seeds: Sequence[int], processes: int
) -> Generator[Outcome, None, None]:
    """The outcomes in the order of the seeds. With several processes the lab's own designs play the first
    one here, so that its copies have what is imported and compiled late.
    """
    here = len(seeds) if processes == 1 else int(player.is_built_in)
    yield from (player.play(schedule(seed)) for seed in seeds[:here])
    if seeds[here:]:
        with player.ready() as lab:
            yield from side_by_side(
                lambda seed: player.play_on(lab, schedule(seed)), seeds[here:], processes
            )


def _check(**numbers: int) -> None:
    for name, number in numbers.items():
        if type(number) is not int or number < 1:
            raise WrongSetting(name, number, "a whole number, at least 1")
    if numbers["processes"] > 1 and not AVAILABLE:
        raise WrongSetting(
            "processes", numbers["processes"], "1: this system cannot copy a process"
        )


class Player:
    """Plays schedules on one handler, each in a pipeline of its own."""

    def __init__(
        self, handler: str | Path | Handler, function: str, reader: Reader, scenario: Scenario
    ) -> None:
        self.reader, self._scenario = reader, scenario
        self._built_in = handler if isinstance(handler, str) and handler in HANDLERS else None
        self._source, name = ("", "") if self._built_in else source_of(handler)
        self._function = name or function
        self.name = self._built_in or name or _shown(self._source)

    @property
    def is_built_in(self) -> bool:
        """Whether the handler is a design of the lab, which does not end the process that it runs in."""
        return self._built_in is not None

    def play(self, schedule: Schedule) -> Outcome:
        """What became of a schedule. Raises BadHandler."""
        with self.ready() as lab:
            return self.play_on(lab, schedule)

    @contextmanager
    def ready(self) -> Iterator[Lab]:
        """A lab in which the handler is deployed. Raises BadHandler."""
        from inventory_lab.lab import connect

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with connect("local", self._settings) as lab:
                lab.build()
                if self._built_in is None:
                    _allow_all_on_the_table(lab)
                    lab.use_handler(self._source, self._function)
                yield lab

    def play_on(self, lab: Lab, schedule: Schedule) -> Outcome:
        """What became of a schedule in a lab in which nothing has happened yet."""
        _set_batches(lab, schedule)
        return self._outcome(lab, schedule)

    @property
    def _settings(self) -> Settings:
        return Settings(
            handler=self._built_in or "fold",
            reader=self.reader,
            retries=-1,
            function_timeout=FUNCTION_TIMEOUT_SECONDS,
        )

    def _outcome(self, lab: Lab, schedule: Schedule) -> Outcome:
        struck, receipts = _publish_under_faults(lab, schedule)
        stuck = _stuck(lab, receipts)
        if stuck:
            return Outcome(f"not settled: {stuck}", tuple(struck), _last_error(lab), stuck=True)
        stored = _stored(lab)
        facts = self._scenario.facts(stored)
        fold, repeated = self._scenario.expected_state, self._scenario.repeated_state
        state, expected = self._scenario.state(lab), self._scenario.expected(facts)
        difference = first_difference(facts, expected, state, fold, repeated or fold)
        return Outcome(difference, tuple(struck), _last_error(lab) if difference else "")


def _set_batches(lab: Lab, schedule: Schedule) -> None:
    """Let the pipe or the mapping make batches as the schedule says."""
    settings = replace(
        lab.settings,
        batch_size=schedule.batch_size,
        batch_window_seconds=schedule.batch_window_seconds,
    )
    account = lab.account.with_settings(settings)
    if settings.has_pipe:
        pipe.update(account, lab.clock.advance)
    else:
        event_source_mapping.ensure(account, lab.clock.advance)


def _allow_all_on_the_table(lab: Lab) -> None:
    """Let the function make every call on the lab's table: permissions are not what a storm tests."""
    table = lab.account.arn("dynamodb", f"table/{lab.settings.name('table')}")
    statement = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": [table, f"{table}/*"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.session("root").client("iam").put_role_policy(
        RoleName=lab.settings.name("function_role"), PolicyName="storm", PolicyDocument=document
    )


def _publish_under_faults(lab: Lab, schedule: Schedule) -> tuple[list[str], list[Receipt]]:
    struck: list[str] = []
    receipts: list[Receipt] = []
    with lab.faults(schedule.plan):
        for part in (*schedule.parts, Part(schedule.repeats, 0)):
            receipts += _published(lab, list(part.records))
            for _ in range(part.rounds):
                struck += lab.pump().faults
        for receipt in receipts:
            _settled(lab, receipt, struck)
    return struck, receipts


def _settled(lab: Lab, receipt: Receipt, struck: list[str]) -> None:
    """Pump under faults until the receipt is passed, or the handler fails by itself again and again."""
    failed = 0
    for _ in range(ROUNDS_TO_REST):
        if lab.settle(receipt, timeout=0):
            return
        done = lab.pump()
        struck += done.faults
        failed = failed + 1 if done.error and not done.faults else 0
        if failed == FAILURES_BY_ITSELF or (failed and "Sandbox.Timedout" in done.error):
            return


def _published(lab: Lab, records: list[RawRecord]) -> list[Receipt]:
    """The receipts of all records: what a fault kept from being stored is sent again."""
    receipts: list[Receipt] = []
    unsent: list[InventoryEvent | RawRecord] = list(records)
    while unsent:
        try:
            receipts.append(lab.publish(unsent, ordered=True))
            unsent = []
        except PublishFailed as exc:
            receipts.append(exc.receipt)
            unsent = exc.unsent
    return receipts


def _stuck(lab: Lab, receipts: list[Receipt]) -> str:
    """Why the pipeline does not come to rest without faults; empty when it does."""
    for receipt in receipts:
        report = lab.settle(receipt, timeout=SETTLE_SECONDS)
        if not report:
            return _readable(report.error) or "the function never processes these records"
    for _ in range(ROUNDS_TO_REST):
        if not lab.pump().invocations:
            return ""
    return "the function is invoked again and again"


def _readable(error: str) -> str:
    """An error of the function as type and message, where it is Lambda's JSON, which may be cut."""
    kind, message = (re.search(rf'"{key}": ?"((?:[^"\\\\]|\\\\.)*)', error) for key in ERROR_KEYS)
    if message is None:
        return error[:LONGEST_ERROR]
    return f"{kind[1] if kind else 'error'}: {message[1][:LONGEST_ERROR]}"


def _stored(lab: Lab) -> list[RawRecord]:
    """What is in the stream, in the order in which it was stored."""
    from inventory_lab.observe import stream
    from inventory_lab.producer.publisher import RawRecord

    records = sorted(stream.records(lab.account), key=lambda record: record.sequence_number)
    return [RawRecord(record.partition_key, record.data) for record in records]


def _last_error(lab: Lab) -> str:
    """The last error line in the function's log; empty when there is none."""
    logs = lab.account.client("logs")
    answer = logs.filter_log_events(logGroupName=lab.account.log_group(), filterPattern='"ERROR"')
    lines = [event["message"].strip() for event in answer["events"]]
    return lines[-1].splitlines()[0][:300] if lines else ""


def _shown(source: str | Path) -> str:
    """The name of a file; a text has none."""
    return "the handler" if "\n" in str(source) else Path(source).name
