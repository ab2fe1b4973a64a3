from __future__ import annotations

import inspect
import json

import pytest

import inventory_lab.settings
from inventory_lab import Lab, show
from inventory_lab.domain.inventory import apply
from inventory_lab.exceptions import NothingToShow
from inventory_lab.resources.policies import policy, policy_path

NAME = "producer/put-to-one-stream"
Printed = pytest.CaptureFixture[str]


def shown(capsys: Printed) -> tuple[str, str]:
    title, text = capsys.readouterr().out.split("\n\n", 1)
    return title, text


def test_a_policy_is_shown_as_it_is_on_disk(capsys: Printed) -> None:
    show(NAME)
    assert shown(capsys) == (f"iam_policies/{NAME}.json", policy_path(NAME).read_text())


def test_a_policy_is_shown_as_build_attaches_it(lab: Lab, capsys: Printed) -> None:
    show(NAME, lab)
    assert json.loads(shown(capsys)[1]) == json.loads(policy(NAME, lab.account))


def test_one_statement_of_a_policy_is_shown_by_its_sid(capsys: Printed) -> None:
    expected = json.loads(policy_path("pipe/permissions").read_text())["Statement"][0]
    show("pipe/permissions", sid=expected["Sid"])
    assert json.loads(shown(capsys)[1]) == expected


def test_the_source_of_a_function_has_its_path_in_the_repository(capsys: Printed) -> None:
    show(apply)
    assert shown(capsys) == ("inventory_lab/domain/inventory.py", inspect.getsource(apply))


@pytest.mark.parametrize(
    ("what", "beginning"),
    [
        (Lab.publish, "@in_turn\ndef publish("),
        (Lab.account, "@property\ndef account("),
        (Lab.faults, "@contextmanager\ndef faults("),
        (Lab, "class Lab:"),
        (inventory_lab.settings, '"""Every name, size and threshold'),
    ],
)
def test_methods_properties_classes_and_modules_are_shown_without_indentation(
    what: object, beginning: str, capsys: Printed
) -> None:
    show(what)
    assert shown(capsys)[1].startswith(beginning)


@pytest.mark.parametrize(
    ("what", "sid", "problem"),
    [
        ("producer/nothing", "", "there are admin/builder, admin/deployer"),
        ("pipe/permissions", "Nothing", "the statements are "),
        (5, "", "not a function, class or module of inventory_lab"),
        (json.dumps, "", "not a function, class or module of inventory_lab"),
        (len, "", "not a function, class or module of inventory_lab"),
    ],
)
def test_what_is_not_a_file_of_the_repository_is_refused(
    what: object, sid: str, problem: str
) -> None:
    with pytest.raises(NothingToShow, match=problem):
        show(what, sid=sid)
