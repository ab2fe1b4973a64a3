"""What holds for every exercise of the course, whatever it is about."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory_lab import connect
from inventory_lab.teaching.exercises import evaluate, exercise, my_pipeline, registry, solutions
from inventory_lab.teaching.exercises.answer import function_of
from tools import course
from tools.exercises import mutants, verdict_on

NAMES = [each.name for each in registry.every()]
WRONG = [(name, wrong) for name in NAMES for wrong in solutions.solution(name).wrong]
RIGHT = [(name, right) for name in NAMES for right in solutions.solution(name).right]
every_exercise = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module", autouse=True)
def lab() -> Iterator[None]:
    """One lab for all: trying again works without a new one."""
    with connect():
        yield


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(my_pipeline.FOLDER_VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


def source(name: str) -> str:
    return solutions.solution(name).source


def test_every_solution_file_belongs_to_an_exercise() -> None:
    files = sorted((course.SOLUTIONS / "exercises").rglob("*.py"))
    assert sorted(f"{f.parent.name}/{f.stem}" for f in files) == sorted(NAMES)


@every_exercise
def test_no_answer_is_to_do(name: str) -> None:
    assert evaluate(name, None).outcome == "to do"
    assert evaluate(name, ...).outcome == "to do"


@every_exercise
def test_the_solution_is_ok_twice_in_a_row_and_says_why_it_is_right(name: str) -> None:
    for _ in range(2):
        verdict = verdict_on(name, source(name))
        assert (verdict.outcome, verdict.text) == ("ok", "")
    assert len(solutions.solution(name).explanation.split()) >= 20


@every_exercise
def test_it_has_three_wrong_answers_or_more_with_different_diagnoses(name: str) -> None:
    diagnoses = [wrong.diagnosis for wrong in solutions.solution(name).wrong]
    assert len(set(diagnoses)) >= 3
    assert min(map(len, diagnoses)) >= 15


@pytest.mark.exhaustive(45)
@pytest.mark.parametrize(("name", "right"), RIGHT, ids=lambda value: str(value)[:40])
def test_another_right_answer_is_ok(name: str, right: solutions.RightExample) -> None:
    verdict = verdict_on(name, right.source)
    assert (verdict.outcome, verdict.text) == ("ok", ""), right.difference
    assert right.difference
    my_pipeline.keep(name, function_of(right.source, name.rpartition("/")[2]))
    assert evaluate(name, my_pipeline.kept(name)).outcome == "ok", my_pipeline.path_of(name)


@pytest.mark.exhaustive(150)
@pytest.mark.parametrize(("name", "wrong"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_answer_gets_its_diagnosis(name: str, wrong: solutions.WrongExample) -> None:
    verdict = verdict_on(name, wrong.source)
    assert (verdict.outcome, wrong.diagnosis in verdict.text) == ("wrong", True), verdict.text


@pytest.mark.exhaustive(12)
@every_exercise
def test_a_mutation_of_the_solution_is_not_ok_unless_it_changes_nothing(
    name: str, pytestconfig: pytest.Config
) -> None:
    """A sample of the mutations, the same in every run; `make sweep` tries it for every exercise, and
    `make soak` tries all mutations.
    """
    known, every = solutions.solution(name).unchanged, list(mutants(name))
    assert set(known) <= {mutant.label for mutant in every}
    assert all(known.values())
    most = min(len(every), pytestconfig.getoption("--mutations"))
    for mutant in random.Random(name).sample(every, most):
        outcome = verdict_on(name, mutant.source).outcome
        assert (outcome == "ok") == (mutant.label in known), mutant.label


@every_exercise
def test_an_answer_of_another_kind_is_wrong_without_a_traceback(name: str) -> None:
    for answer in (
        42,
        "text",
        [1],
        {"a": 1},
        object(),
        print,
        lambda: 1,
        lambda *_: 1,
        lambda *_: [[]],
    ):
        assert evaluate(name, answer).outcome == "wrong"


@pytest.mark.exhaustive(20)
@every_exercise
def test_what_passed_is_used_and_kept_and_what_did_not_is_replaced_by_the_reference(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert getattr(exercise(name, None), "is_reference", True)
    assert not folder.exists()
    answer = function_of(source(name), name.rpartition("/")[2])
    assert exercise(name, answer) is answer
    assert [path.stem for path in folder.iterdir()] == [name.replace("/", "_")]
    assert evaluate(name, my_pipeline.kept(name)).outcome == "ok"
    printed = capsys.readouterr().out
    assert printed.startswith("to do  ")
    assert "\nok     " in printed


@pytest.mark.exhaustive(20)
@every_exercise
def test_it_leaves_nothing_behind_in_the_account(name: str) -> None:
    from inventory_lab.lab import local_lab

    lab = local_lab()
    assert lab is not None
    root = lab.session("root")
    verdict_on(name, source(name))
    assert root.client("kinesis").list_streams()["StreamNames"] == []
    assert root.client("dynamodb").list_tables()["TableNames"] == []
    assert root.client("iam").list_roles()["Roles"] == []
    assert root.client("sqs").list_queues().get("QueueUrls", []) == []
    assert len(root.client("iam").list_users()["Users"]) == 1
