"""Which record was lost or counted twice, derived from the state alone."""

from __future__ import annotations

from collections.abc import Sequence

from inventory_lab.producer.publisher import RawRecord
from inventory_lab.testing.scenario import ExpectedState, State

ABSENT = "(absent)"


def first_difference(
    facts: Sequence[RawRecord],
    expected: State,
    state: State,
    fold: ExpectedState,
    repeated: ExpectedState,
) -> str:
    """What is wrong with a state, in one sentence; empty when it is the expected one.

    The record to blame is the first one without which, or with which twice, the expected state
    would be the one that was read; `repeated` folds records as often as they are listed.
    """
    for key in _in_order(facts, expected, state):
        if expected.get(key, ABSENT) != state.get(key, ABSENT):
            blame = _blame(facts, state.get(key, ABSENT), key, fold, repeated)
            return f"{key}: {_shown(expected, key)} expected, {_shown(state, key)} in the table; {blame}"
    return ""


def _in_order(facts: Sequence[RawRecord], expected: State, state: State) -> list[str]:
    keys = [record.partition_key for record in facts]
    return list(dict.fromkeys([*keys, *expected, *state]))


def _blame(
    facts: Sequence[RawRecord],
    seen: object,
    key: str,
    fold: ExpectedState,
    repeated: ExpectedState,
) -> str:
    for at, record in enumerate(facts):
        before, after = facts[:at], facts[at + 1 :]
        if fold([*before, *after]).get(key, ABSENT) == seen:
            return f"record {at + 1} was lost: {_text(record)}"
        again = ([*before, record, record, *after], [*facts, record])
        if any(repeated(records).get(key, ABSENT) == seen for records in again):
            return f"record {at + 1} was counted twice: {_text(record)}"
    return "no single record explains it"


def _text(record: RawRecord) -> str:
    return record.data.decode(errors="backslashreplace")[:200]


def _shown(state: State, key: str) -> str:
    return str(state.get(key, ABSENT))
