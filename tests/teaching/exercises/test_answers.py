"""How the answer of a learner is called: it ends, and its errors name its own line."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory_lab import connect, exercise
from inventory_lab.exceptions import UnknownExercise, WrongAnswer
from inventory_lab.teaching.exercises import evaluate, my_pipeline, solved
from inventory_lab.teaching.exercises.answer import Answer, function_of, globals_of, is_empty
from inventory_lab.teaching.exercises.bench import bench
from tools.mutations import mutations


def answer(source: str, name: str = "f") -> Answer:
    return Answer(function_of(source, name))


@pytest.mark.parametrize(
    ("body", "diagnosis"),
    [
        (
            "x = {}\n    return x['Records']",
            r"KeyError in line 3 \(return x\['Records'\]\): 'Records'",
        ),
        ("while True:\n        pass", "does not come to an end: after 3,000,000 steps"),
        ("import time\n    while True:\n        time.sleep(9)", "does not come to an end"),
        (
            "try:\n        while True: pass\n    except Exception:\n        return 1",
            "not come to an end",
        ),
        ("exit()", "ends the program"),
        ("raise ValueError", r"ValueError in line 2 \(raise ValueError\)"),
        ("return f()", "RecursionError in line 2"),
    ],
)
def test_an_error_is_a_diagnosis_that_names_the_line(body: str, diagnosis: str) -> None:
    with pytest.raises(WrongAnswer, match=diagnosis):
        answer(f"def f():\n    {body}\n")()


@pytest.mark.parametrize(
    ("body", "diagnosis"),
    [
        ("yield {}['Records']", r"KeyError in line 2 \(yield \{\}\['Records'\]\)"),
        ("while True: pass\n    yield 1", "does not come to an end: after 3,000,000 steps"),
    ],
)
def test_a_generator_runs_under_the_same_protection_when_its_items_are_taken(
    body: str, diagnosis: str
) -> None:
    tried = answer(f"def f():\n    {body}\n")
    with pytest.raises(WrongAnswer, match=diagnosis):
        tried.take(tried(), 1)


def test_no_more_items_are_taken_than_asked_for() -> None:
    tried = answer("def f():\n    yield 1\n    yield 2\n    yield {}['Records']\n")
    assert tried.take(tried(), 2) == [1, 2]


def test_other_threads_sleep_as_before() -> None:
    """A kernel has threads that wait for messages."""
    import threading
    import time

    real, seen = time.sleep, []
    source = "def f(thread):\n    thread.start()\n    thread.join()\n"

    def waits() -> None:
        for _ in range(200):
            time.sleep(0)
        seen.append("all 200")

    answer(source)(threading.Thread(target=waits))
    assert seen == ["all 200"]
    assert time.sleep is real


def test_an_error_of_aws_is_quoted_with_the_line() -> None:
    source = "def f(kinesis):\n    kinesis.describe_stream(StreamName='no')\n"
    with bench() as trial, pytest.raises(WrongAnswer) as raised:
        answer(source)(trial.client("kinesis"))
    assert str(raised.value).startswith(
        "AWS answered ResourceNotFoundException in line 2 (kinesis.describe_stream(StreamName='no')): "
    )


def test_what_differs_in_every_run_is_not_in_the_text_of_an_error() -> None:
    exceptions = "def f(kinesis):\n    return kinesis.exceptions.Typo\n"
    whole_answer = (
        "def f(kinesis):\n    kinesis.get_records(ShardIterator=kinesis.list_streams())\n"
    )
    with bench() as trial:
        with pytest.raises(WrongAnswer, match=r": KinesisExceptions object has no attribute Typo"):
            answer(exceptions)(trial.client("kinesis"))
        with pytest.raises(WrongAnswer, match="for parameter ShardIterator, type: <class 'dict'>"):
            answer(whole_answer)(trial.client("kinesis"))


def test_other_arguments_than_those_of_the_exercise_are_named() -> None:
    with pytest.raises(WrongAnswer, match="f is called with 2 arguments: keep the first line"):
        answer("def f(): pass")(1, 2)


def test_what_it_prints_is_kept_for_the_diagnosis(capsys: pytest.CaptureFixture[str]) -> None:
    tried = answer("def f():\n    print('seen')\n")
    tried()
    assert (tried.printed, capsys.readouterr().out) == ("seen\n", "")


@pytest.mark.parametrize(
    ("body", "empty"),
    [
        ("...", True),
        ("'''Docstring.'''\n    ...", True),
        ("pass", True),
        ("return None", True),
        ("raise NotImplementedError", True),
        ("records = []\n    ...\n    return records", True),
        ("return 1", False),
        ("records = []\n    return records", False),
    ],
)
def test_an_answer_is_to_do_while_it_has_its_ellipsis_or_does_nothing(
    body: str, empty: bool
) -> None:
    assert is_empty(function_of(f"def f():\n    {body}\n", "f")) is empty


def test_a_call_that_goes_on_for_ever_ends_with_the_number_of_its_calls() -> None:
    source = "def f(kinesis):\n    while True:\n        kinesis.list_streams()\n"
    with bench() as trial, pytest.raises(WrongAnswer, match="called AWS 400 times"):
        answer(source)(trial.client("kinesis"))


def test_an_exercise_works_without_an_open_lab_and_leaves_none_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inventory_lab.lab import local_lab

    monkeypatch.setenv(my_pipeline.FOLDER_VARIABLE, str(tmp_path))
    assert exercise("02/create_stream").__name__ == "create_stream"
    assert local_lab() is None


def test_a_name_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(
        UnknownExercise, match=r"there is no exercise '02/put'; there are .*02/put_all"
    ):
        exercise("02/put", None)


def test_names_in_a_diagnosis_are_the_same_in_every_run() -> None:
    wrong = "def create_stream(kinesis, name, shards):\n    return name\n"
    source = "def create_stream(kinesis, name, shards):\n    raise ValueError(name)\n"
    texts = {
        evaluate("02/create_stream", function_of(source, "create_stream")).text for _ in range(2)
    }
    assert texts == {"ValueError in line 2 (raise ValueError(name)): orders"}
    assert evaluate("02/create_stream", function_of(wrong, "create_stream")).outcome == "wrong"


def test_a_kept_answer_brings_what_it_takes_from_other_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(my_pipeline.FOLDER_VARIABLE, str(tmp_path))
    source = (
        "import json as j\nfrom collections import Counter\nfrom typing import Any\nLIMIT = 3\nMOST = 9\n\n"
        "def twice(x: Any) -> Any:\n    return LIMIT * x\n\n"
        "def f(x: list[Any], most=MOST) -> Any:\n    return j.dumps(Counter([twice(x)]))\n"
    )
    my_pipeline.keep("99/f", function_of(source, "f"))
    assert my_pipeline.kept("99/f")(2) == '{"6": 1}'
    assert capsys.readouterr().out == ""


def test_solved_takes_the_kept_answer_while_it_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from inventory_lab.teaching.exercises.solutions import solution

    monkeypatch.setenv(my_pipeline.FOLDER_VARIABLE, str(tmp_path))
    name = "02/create_stream"
    with connect():
        assert solved(name).is_reference
        my_pipeline.keep(name, function_of(solution(name).source, "create_stream"))
        assert not hasattr(solved(name), "is_reference")
        my_pipeline.path_of(name).write_text("def create_stream(a): return 1", encoding="utf-8")
        assert solved(name).is_reference
    assert capsys.readouterr().out.count("create_stream: the reference solution") == 2


def test_mutations_drop_change_negate_and_swap() -> None:
    labels = {
        label
        for label, _ in mutations("def f(a):\n    '''Doc.'''\n    if a < 1:\n        b = a + 1\n")
    }
    assert labels == {
        "if a < 1: b = a + 1 → pass",
        "b = a + 1 → pass",
        "if a < 1: → if not a < 1:",
        "if a < 1: → if a <= 1:",
        "if a < 1: → if a < 2:",
        "b = a + 1 → b = a - 1",
        "b = a + 1 → b = a + 2",
    }


def test_mutations_of_lines_that_read_the_same_have_labels_of_their_own() -> None:
    source = "def f(a):\n    if a:\n        return\n    return\n"
    labels = [label for label, _ in mutations(source) if "return → pass" in label]
    assert labels[-2:] == ["return → pass", "return → pass (2)"]


def test_code_beside_the_open_line_is_not_tried_and_the_learner_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = "def read_shard(kinesis, stream, shard_id):\n    records = []\n    ...\n    return records\n"
    begun = given.replace(
        "    ...\n", "    for n in range(3):\n        records.append(n)\n    ...\n"
    )
    for source, told in ((given, False), (begun, True)):
        exercise("02/read_shard", function_of(source, "read_shard"))
        printed = capsys.readouterr().out
        assert printed.startswith("to do  read_shard")
        assert ("the line with ... is still there. Delete it." in printed) == told


LIMIT = 3


def test_what_a_function_uses_of_the_module_around_it_is_known_by_name() -> None:
    def outer(values: list[str]) -> list[int]:
        def inner(text: str) -> int:
            return len(text.LIMIT) + LIMIT  # type: ignore[attr-defined]

        return [inner(value) for value in values]

    def with_an_attribute(values: object) -> object:
        return values.LIMIT  # type: ignore[attr-defined]

    assert globals_of(outer) == {"LIMIT": 3}
    assert globals_of(with_an_attribute) == {}
