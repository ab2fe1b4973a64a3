"""lab.use_handler() puts a learner's own handler in the place of the lab's; build() restores it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inventory_lab import Lab, ProductAdded
from inventory_lab.exceptions import BadHandler, NotBuilt

FUNCTION = "update-inventory"
PRINTS = """
from inventory_lab.domain.events import parse_event
import base64

def handle(event, context):
    for record in event:
        print(parse_event(base64.b64decode(record["data"])).product_id)
"""


def configuration(lab: Lab) -> dict[str, object]:
    described: dict[str, object] = lab.account.client("lambda").get_function_configuration(
        FunctionName=FUNCTION
    )
    return {name: described[name] for name in ("Handler", "CodeSha256", "Timeout")}


def lines(lab: Lab) -> list[str]:
    logs = lab.account.client("logs")
    events = logs.filter_log_events(logGroupName=lab.account.log_group())["events"]
    return [event["message"] for event in events]


def test_a_handler_of_ones_own_gets_the_batches(built: Lab) -> None:
    assert built.use_handler(PRINTS) == built.account.function_arn()
    built.settle(built.publish([ProductAdded("a", 5), ProductAdded("b", 6)]))
    assert {"a", "b"} <= set(lines(built))
    assert len(built.inventory()) == 0


def test_a_handler_may_come_from_a_file_and_have_another_name(built: Lab, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(PRINTS.replace("handle", "on_batch"))
    for source in (path, str(path)):
        built.build()
        built.use_handler(source, handler="on_batch")
        built.settle(built.publish(ProductAdded("a", 5)))
        assert "a" in lines(built)
        built.account.client("logs").delete_log_group(logGroupName=built.account.log_group())


def test_build_restores_the_labs_own_handler(built: Lab) -> None:
    before = configuration(built)
    built.use_handler(PRINTS)
    assert configuration(built)["Handler"] == "lambda_function.handle"
    built.build()
    assert configuration(built) == before
    assert built.settle(built.publish(ProductAdded("a", 5)))
    assert built.reconcile().exact


def test_a_second_handler_replaces_the_first(built: Lab) -> None:
    built.use_handler(PRINTS)
    built.use_handler(PRINTS.replace("print(", "print('product', "))
    built.settle(built.publish(ProductAdded("a", 5)))
    assert "product a" in lines(built)


def test_a_function_is_not_a_source(built: Lab) -> None:
    with pytest.raises(BadHandler, match=r"a handler is a \.py file or Python text"):
        built.use_handler(print)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1", "the source: there is no function 'handle' in it"),
        ("def Handle(event, context): pass", "the source: there is no function 'handle' in it"),
        ("def outer():\n    def handle(e, c): pass\n", "the source: there is no function 'handle' in it"),
        ("x = 1\ndef handle(event, context)\n    pass\n", "the source: line 2: expected ':'"),
        ("def handle(e, c):\n    return '\0'\n", "the source: "),
        ("my_module.handle", "there is no function 'handle' in it; a path ends in .py"),
        ("folder/handlers", "there is no function 'handle' in it; a path ends in .py"),
        ("/folder/handlers", "the source: line 1: invalid syntax; a path ends in .py"),
        ("nowhere.py", "nowhere.py: No such file or directory"),
    ],
)  # fmt: skip
def test_a_source_that_cannot_be_deployed_is_refused_and_changes_nothing(
    source: str, message: str, built: Lab
) -> None:
    before = configuration(built)
    with pytest.raises(BadHandler, match=re.escape(message)):
        built.use_handler(source)
    assert configuration(built) == before


@pytest.mark.parametrize(
    "source",
    [
        "from inventory_lab.function.handler import handle\n",
        "import json as handle\n",
        "handle = lambda event, context: None\n",
        "if True:\n    def handle(event, context): pass\n",
    ],
)
def test_a_name_that_is_assigned_or_imported_will_do(source: str, built: Lab) -> None:
    assert built.use_handler(source)


def test_use_handler_comes_after_build(lab: Lab) -> None:
    with pytest.raises(NotBuilt, match=f"the function '{FUNCTION}' does not exist"):
        lab.use_handler(PRINTS)
    lab.build(through="table")
    with pytest.raises(NotBuilt, match=f"the function '{FUNCTION}' does not exist"):
        lab.use_handler(PRINTS)


def test_the_admin_deploys_with_the_rights_that_it_has(built: Lab) -> None:
    built.session("root").client("iam").detach_user_policy(
        UserName="inventory-lab-admin",
        PolicyArn="arn:aws:iam::123456789012:policy/inventory-lab-deployer",
    )
    with pytest.raises(Exception, match="lambda:ListTags"):
        built.use_handler(PRINTS)
