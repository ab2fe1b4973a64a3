"""What teardown deletes, what it leaves alone, and that it ends well from wherever it begins."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from inventory_lab import Lab, ProductAdded, Settings, connect
from inventory_lab.exceptions import PipeFailed, PrincipalNotAvailable, TeardownIncomplete
from inventory_lab.lab import STAGES, Stage
from inventory_lab.resources import pipe, roles
from tests.resources.test_deployer import leave_things_behind

IN_ORDER = [
    "pipe", "event_source_mapping", "function", "topic", "rejected_queue", "dead_letter_queue", "alerts_queue", "table",
    "stream", "pipe_role", "function_role", "pipe_log_group", "log_group", "user",
]  # fmt: skip
EXISTING: dict[Stage, set[str]] = {
    "access": {"pipe_role", "function_role", "user"},
    "stream": {"stream"},
    "table": {"table"},
    "function": {"function", "topic", "rejected_queue", "dead_letter_queue", "alerts_queue"},
    "pipe": {"pipe", "pipe_log_group", "event_source_mapping"},
}
SERVICES = ("dynamodb", "iam", "kinesis", "lambda", "logs", "pipes", "sns", "sqs")
TAG = {"project": "inventory-lab"}
STREAM, QUEUE = "e-commerce-streaming", "inventory-rejected"


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A lab that builds all there is."""
    with connect(settings=Settings(reader="both")) as lab:
        yield lab


def _mappings(lab: Lab) -> list[dict[str, Any]]:
    mappings: list[dict[str, Any]] = client(lab, "lambda").list_event_source_mappings()[
        "EventSourceMappings"
    ]
    return mappings


def outcomes(frame: Any) -> dict[str, str]:
    return dict(zip(frame["kind"], frame["outcome"], strict=True))


def all_are(outcome: str) -> dict[str, str]:
    return dict.fromkeys(IN_ORDER, outcome)


def client(lab: Lab, service: str) -> Any:
    return lab.session("root").client(service)


def left(lab: Lab) -> set[str]:
    """The names of everything that stands in the account, but for the admin."""
    names_by_kind = [
        client(lab, "kinesis").list_streams()["StreamNames"],
        client(lab, "dynamodb").list_tables()["TableNames"],
        [f["FunctionName"] for f in client(lab, "lambda").list_functions()["Functions"]],
        [m["UUID"] for m in _mappings(lab)],
        [p["Name"] for p in client(lab, "pipes").list_pipes()["Pipes"]],
        [t["TopicArn"] for t in client(lab, "sns").list_topics()["Topics"]],
        [s["TopicArn"] for s in client(lab, "sns").list_subscriptions()["Subscriptions"]],
        client(lab, "sqs").list_queues().get("QueueUrls", []),
        [r["RoleName"] for r in client(lab, "iam").list_roles()["Roles"]],
        [u["UserName"] for u in client(lab, "iam").list_users()["Users"]],
        [g["logGroupName"] for g in client(lab, "logs").describe_log_groups()["logGroups"]],
    ]
    return {name for names in names_by_kind for name in names} - {"inventory-lab-admin"}


def use(lab: Lab) -> None:
    """The whole pipeline, whose function has logged."""
    lab.build()
    assert lab.settle(lab.publish(ProductAdded("Phone", 5)))


def build_with_log_group(lab: Lab) -> None:
    """All that can stand, in less time."""
    lab.build()
    client(lab, "logs").create_log_group(logGroupName=lab.account.log_group())


def test_teardown_says_what_it_deleted_in_order(lab: Lab) -> None:
    use(lab)
    report = lab.teardown()
    assert list(report.columns) == ["kind", "name", "outcome"]
    assert list(report["kind"]) == IN_ORDER
    assert outcomes(report) == all_are("deleted")
    assert list(report["name"])[-2:] == ["/aws/lambda/update-inventory", "aws-de-user"]
    assert left(lab) == set()


def test_a_second_teardown_finds_nothing(lab: Lab) -> None:
    build_with_log_group(lab)
    lab.teardown()
    assert outcomes(lab.teardown()) == all_are("not there")


def test_teardown_needs_no_build(lab: Lab) -> None:
    assert outcomes(lab.teardown()) == all_are("not there")


def calls_of_the_admin(lab: Lab) -> list[str]:
    """Grows by the name of each operation that is called from now on."""
    called: list[str] = []

    def note(model: Any, **_: Any) -> None:
        called.append(model.name)

    for service in SERVICES:
        lab.account.client(service).meta.events.register("before-call", note)
    return called


def changes(operation: str) -> bool:
    return not operation.startswith(("Describe", "Get", "List"))


def test_a_dry_run_says_the_same_and_changes_nothing(lab: Lab) -> None:
    use(lab)
    before = left(lab)
    called = calls_of_the_admin(lab)
    rehearsal = lab.teardown(dry_run=True)
    assert outcomes(rehearsal) == all_are("would be deleted")
    assert called
    assert not [operation for operation in called if changes(operation)]
    assert left(lab) == before
    assert lab.reconcile().exact
    assert list(lab.teardown()["name"]) == list(rehearsal["name"])


def test_a_dry_run_of_nothing_finds_nothing(lab: Lab) -> None:
    assert outcomes(lab.teardown(dry_run=True)) == all_are("not there")


@pytest.mark.parametrize("through", STAGES)
def test_a_part_of_the_pipeline_is_torn_down(lab: Lab, through: Stage) -> None:
    lab.build(through=through)
    existing = set().union(*(EXISTING[s] for s in STAGES[: STAGES.index(through) + 1]))
    expected = {kind: "deleted" if kind in existing else "not there" for kind in IN_ORDER}
    assert outcomes(lab.teardown()) == expected
    assert left(lab) == set()


def was_interrupted(lab: Lab, work: Callable[[], Any], number: int) -> bool:
    """Whether work was stopped, as Ctrl-C would, before the admin made that many changes."""
    left_to_make = iter(range(number - 1))
    armed = [True]

    def stop(model: Any, **_: Any) -> None:
        if armed and changes(model.name) and next(left_to_make, None) is None:
            raise KeyboardInterrupt

    for service in SERVICES:
        lab.account.client(service).meta.events.register("before-call", stop)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        armed.clear()
    return False


def test_whatever_step_build_was_interrupted_at_all_of_it_is_torn_down(lab: Lab) -> None:
    for number in count(1):
        interrupted = was_interrupted(lab, lab.build, number)
        results = outcomes(lab.teardown())
        assert "not ours" not in results.values(), number
        assert left(lab) == set(), number
        if not interrupted:
            break
    assert number > len(IN_ORDER)


def test_a_teardown_that_is_interrupted_after_every_change_gets_to_its_end(lab: Lab) -> None:
    lab.build()
    leave_things_behind(lab)
    runs = 1
    while was_interrupted(lab, lab.teardown, 2):
        runs += 1
    assert runs > len(IN_ORDER)
    assert left(lab) == set()


Step = Callable[[Lab], Any]
UNTAG: dict[str, Step] = {
    "pipe": lambda lab: client(lab, "pipes").untag_resource(
        resourceArn=lab.account.arn("pipes", "pipe/inventory-pipe"), tagKeys=["project"]
    ),
    "function": lambda lab: client(lab, "lambda").untag_resource(
        Resource=lab.account.function_arn(), TagKeys=["project"]
    ),
    "topic": lambda lab: client(lab, "sns").untag_resource(
        ResourceArn=lab.account.topic_arn(), TagKeys=["project"]
    ),
    "rejected_queue": lambda lab: client(lab, "sqs").untag_queue(
        QueueUrl=queue_url(lab, QUEUE), TagKeys=["project"]
    ),
    "table": lambda lab: client(lab, "dynamodb").untag_resource(
        ResourceArn=lab.account.arn("dynamodb", "table/inventory"), TagKeys=["project"]
    ),
    "stream": lambda lab: client(lab, "kinesis").remove_tags_from_stream(
        StreamName=STREAM, TagKeys=["project"]
    ),
    "pipe_role": lambda lab: client(lab, "iam").untag_role(
        RoleName="inventory-pipe-role", TagKeys=["project"]
    ),
    "user": lambda lab: client(lab, "iam").untag_user(
        UserName="aws-de-user", TagKeys=["project"]
    ),
}  # fmt: skip


def queue_url(lab: Lab, name: str) -> str:
    return str(client(lab, "sqs").get_queue_url(QueueName=name)["QueueUrl"])


@pytest.mark.exhaustive(4)
@pytest.mark.parametrize("kind", UNTAG)
def test_what_lacks_the_labs_tag_is_named_and_left_alone(kind: str, lab: Lab) -> None:
    build_with_log_group(lab)
    UNTAG[kind](lab)
    spared = {kind, "log_group"} if kind == "function" else {kind}
    dry, report = lab.teardown(dry_run=True), lab.teardown()
    assert outcomes(report) == all_are("deleted") | dict.fromkeys(spared, "not ours")
    assert outcomes(dry) == all_are("would be deleted") | dict.fromkeys(spared, "not ours")
    names, existing = report[report["outcome"] == "not ours"]["name"], left(lab)
    assert len(existing) == len(spared)
    assert all(any(name in one for one in existing) for name in names)


def test_the_tag_of_another_project_is_not_the_labs(built: Lab) -> None:
    client(built, "kinesis").add_tags_to_stream(StreamName=STREAM, Tags={"project": "payroll"})
    assert outcomes(built.teardown())["stream"] == "not ours"


def test_a_tag_beside_the_labs_does_not_matter(built: Lab) -> None:
    more = {f"extra-{n}": "x" for n in range(20)}
    client(built, "kinesis").add_tags_to_stream(StreamName=STREAM, Tags=more)
    assert outcomes(built.teardown())["stream"] == "deleted"


def test_a_stream_made_by_hand_serves_the_lab_and_is_torn_down_when_it_is_tagged(lab: Lab) -> None:
    client(lab, "kinesis").create_stream(StreamName=STREAM, ShardCount=1, Tags=TAG)
    use(lab)
    assert outcomes(lab.teardown())["stream"] == "deleted"
    assert STREAM not in left(lab)


DELETE_BY_HAND: dict[str, Step] = {
    "pipe": lambda lab: client(lab, "pipes").delete_pipe(Name="inventory-pipe"),
    "function": lambda lab: client(lab, "lambda").delete_function(FunctionName="update-inventory"),
    "topic": lambda lab: client(lab, "sns").delete_topic(TopicArn=lab.account.topic_arn()),
    "rejected_queue": lambda lab: client(lab, "sqs").delete_queue(QueueUrl=queue_url(lab, QUEUE)),
    "table": lambda lab: client(lab, "dynamodb").delete_table(TableName="inventory"),
    "stream": lambda lab: client(lab, "kinesis").delete_stream(StreamName=STREAM),
    "pipe_role": lambda lab: roles.delete(lab.account, "pipe_role"),
    "log_group": lambda lab: client(lab, "logs").delete_log_group(
        logGroupName="/aws/lambda/update-inventory"
    ),
}


@pytest.mark.exhaustive(4)
@pytest.mark.parametrize("kind", DELETE_BY_HAND)
def test_what_was_deleted_by_hand_is_not_there(kind: str, lab: Lab) -> None:
    build_with_log_group(lab)
    DELETE_BY_HAND[kind](lab)
    lab.pump()
    assert outcomes(lab.teardown()) == all_are("deleted") | {kind: "not there"}
    assert left(lab) == set()


ANOTHERS_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)


def test_a_pipe_that_could_not_be_made_is_deleted(lab: Lab) -> None:
    lab.build(through="function")
    client(lab, "iam").update_assume_role_policy(
        RoleName="inventory-pipe-role", PolicyDocument=ANOTHERS_TRUST
    )
    with pytest.raises(PipeFailed, match="CREATE_FAILED"):
        pipe.ensure(lab.account, lab.clock.advance)
    assert outcomes(lab.teardown())["pipe"] == "deleted"
    assert left(lab) == set()


def test_what_a_lesson_gave_to_user_and_roles_is_taken_away_and_stays(lab: Lab) -> None:
    lab.build()
    leave_things_behind(lab)
    client(lab, "iam").create_access_key(UserName="aws-de-user")
    assert outcomes(lab.teardown()) == all_are("deleted")
    assert left(lab) == set()
    assert client(lab, "iam").get_group(GroupName="clerks")["Users"] == []
    extra = client(lab, "iam").get_policy(PolicyArn=EXTRA)["Policy"]
    assert extra["AttachmentCount"] == 0


EXTRA = "arn:aws:iam::123456789012:policy/inventory-pipe-extra"


def test_subscriptions_go_with_their_topic_and_the_subscribers_stay(built: Lab) -> None:
    sqs = client(built, "sqs")
    url = sqs.create_queue(QueueName="of-a-lesson")["QueueUrl"]
    client(built, "sns").subscribe(
        TopicArn=built.account.topic_arn(),
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:123456789012:of-a-lesson",
    )
    assert outcomes(built.teardown())["topic"] == "deleted"
    assert left(built) == {url}


def test_a_log_group_that_outlived_its_function_is_deleted(lab: Lab) -> None:
    client(lab, "logs").create_log_group(logGroupName=lab.account.log_group())
    assert outcomes(lab.teardown()) == all_are("not there") | {"log_group": "deleted"}


def test_a_lab_torn_down_and_built_again_begins_from_nothing(lab: Lab) -> None:
    use(lab)
    lab.teardown()
    with pytest.raises(PrincipalNotAvailable, match=r"run lab\.build"):
        lab.publish(ProductAdded("Phone", 5))
    use(lab)
    assert list(lab.inventory()["quantity"]) == [5]
    result = lab.reconcile()
    assert result.exact
    assert result.published == 1


def test_a_key_of_a_producer_that_is_not_the_labs_is_withdrawn(built: Lab) -> None:
    built.publish(ProductAdded("Phone", 5))
    UNTAG["user"](built)
    built.teardown()
    keys = client(built, "iam").list_access_keys(UserName="aws-de-user")
    assert keys["AccessKeyMetadata"] == []


def test_what_aws_refuses_to_delete_is_named_with_the_reason_and_the_rest_is_deleted(
    built: Lab,
) -> None:
    calls = built.account.client("dynamodb").meta.events
    refused = {"Error": {"Code": "AccessDeniedException", "Message": "no policy allows it"}}
    answer = (type("Response", (), {"status_code": 400}), refused)
    calls.register_first("before-call.dynamodb.DeleteTable", lambda **_: answer, "refuse")
    with pytest.raises(
        TeardownIncomplete, match=r"1 resource still exists .*no policy allows it"
    ) as raised:
        built.teardown()
    [(kind, name, _)] = raised.value.left
    assert (kind, name) == ("table", "inventory")
    assert left(built) == {"inventory"}
    calls.unregister("before-call.dynamodb.DeleteTable", unique_id="refuse")
    assert outcomes(built.teardown())["table"] == "deleted"
