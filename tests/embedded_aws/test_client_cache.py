"""Clients that share their parts are the clients that botocore makes."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import boto3
import botocore.client
import botocore.handlers
import botocore.hooks
import botocore.session
import pytest
from botocore.config import Config

from inventory_lab.embedded_aws import client_cache
from inventory_lab.embedded_aws.patching import applied
from inventory_lab.embedded_aws.performance.patches import answers

SERVICES = ["dynamodb", "events", "iam", "kinesis", "lambda", "logs", "pipes", "s3", "sns", "sqs"]
KEYS = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
EVENTS = [
    "before-call.kinesis.PutRecord", "before-call.apigateway", "creating-client-class.iot-data", "needs-retry.kinesis.PutRecord",
    "before-parameter-build.route53.ListHostedZones", "docs.*.autoscaling.CreateGroup.complete-section",
]  # fmt: skip


def facts(service: str, region: str) -> dict[str, Any]:
    """What can be seen of a client: methods, operations, endpoint, signature, exceptions."""
    client = boto3.Session(**KEYS | {"region_name": region}).client(service)
    names = client.meta.method_to_api_mapping
    model = client.meta.service_model
    return {
        "methods": {name: getattr(client, name).__name__ for name in names},
        "operations": names,
        "inputs": {name: model.operation_model(name).input_shape for name in names.values()}.keys(),
        "endpoint": client.meta.endpoint_url,
        "region": client.meta.region_name,
        "signature": client.meta.config.signature_version,
        "waiters": client.waiter_names,
        "bases": [base.__name__ for base in type(client).__mro__],
    }


@pytest.fixture(autouse=True)
def one_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models are read from disk once, as in a lab; that loader is another patch."""
    monkeypatch.setattr(botocore.session, "create_loader", answers.service_models)


@pytest.mark.parametrize(
    ("service", "region"),
    [*((name, "us-east-1") for name in SERVICES), ("kinesis", "cn-north-1"), ("s3", "eu-west-1")],
)
def test_a_client_has_what_botocore_gives_it(service: str, region: str) -> None:
    expected = facts(service, region)
    with applied(client_cache.patches()):
        assert facts(service, region) == expected
        assert facts(service, region) == expected  # and so has the next one


def test_every_patch_fits_the_botocore_that_the_tests_run_with() -> None:
    assert [patch.problem() for patch in client_cache.all_patches()] == [None] * 10


def test_a_patch_that_does_not_fit_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.hooks, "accepts_kwargs", lambda function, strict: True)
    names = [patch.name for patch in client_cache.patches()]
    assert "accepts_kwargs" not in names
    assert len(names) == 9


def test_clients_of_one_service_share_the_model_and_the_methods() -> None:
    with applied(client_cache.patches()):
        one, other = (boto3.Session(**KEYS).client("kinesis") for _ in range(2))
    assert one.meta.service_model is other.meta.service_model
    assert type(one).put_record is type(other).put_record
    assert one.meta.events is not other.meta.events


def test_a_handler_of_one_client_is_not_called_for_another() -> None:
    called: list[str] = []
    with applied(client_cache.patches()):
        one, other = (boto3.Session(**KEYS).client("kinesis") for _ in range(2))
        for name, client in (("one", one), ("other", other)):
            client.meta.events.register(
                "before-send.kinesis", lambda name=name, **_: called.append(name) or answer()
            )
        one.list_streams()
    assert called == ["one"]


def answer() -> Any:
    from botocore.awsrequest import AWSResponse

    class Raw:
        def stream(self) -> Any:
            yield b'{"StreamNames": [], "HasMoreStreams": false}'

    return AWSResponse("https://kinesis", 200, {}, Raw())


def test_a_method_that_a_session_adds_to_its_clients_is_not_in_those_of_another() -> None:
    def add(class_attributes: dict[str, Any], **_: Any) -> None:
        class_attributes["shout"] = lambda self: "!"

    with applied(client_cache.patches()):
        session = boto3.Session(**KEYS)
        session.events.register("creating-client-class.kinesis", add)
        assert session.client("kinesis").shout() == "!"
        assert not hasattr(boto3.Session(**KEYS).client("kinesis"), "shout")


@pytest.mark.parametrize("event", EVENTS)
def test_an_event_has_the_alias_that_botocore_gives_it(event: str) -> None:
    def alias() -> str:
        emitter = botocore.hooks.EventAliaser(botocore.hooks.HierarchicalEmitter())
        return str(emitter._alias_event_name(event))

    expected = alias()
    with applied(client_cache.patches()):
        assert [alias(), alias()] == [expected, expected]


def test_aliases_of_ones_own_are_kept_apart() -> None:
    with applied(client_cache.patches()):
        emitter = botocore.hooks.EventAliaser(
            botocore.hooks.HierarchicalEmitter(), {"kinesis": "streams"}
        )
        assert emitter._alias_event_name("before-call.kinesis") == "before-call.streams"
        plain = botocore.hooks.EventAliaser(botocore.hooks.HierarchicalEmitter())
        assert plain._alias_event_name("before-call.kinesis") == "before-call.kinesis"


class Handlers:
    def with_any(self, **kwargs: Any) -> None: ...
    def with_none(self, event: str) -> None: ...
    def __call__(self, **kwargs: Any) -> None: ...


@pytest.mark.parametrize(
    "handler",
    [
        Handlers().with_any, Handlers().with_none, Handlers(), partial(Handlers().with_any, a=1),
        partial(Handlers().with_none), lambda **kwargs: None, lambda event: None,
    ],
)  # fmt: skip
def test_a_handler_without_keyword_arguments_is_refused_as_before(handler: Any) -> None:
    expected = bool(botocore.hooks.accepts_kwargs(handler))
    with applied(client_cache.patches()):
        assert bool(botocore.hooks.accepts_kwargs(handler)) is expected


def test_a_copy_of_the_handlers_is_independent_of_the_original() -> None:
    with applied(client_cache.patches()):
        emitter = botocore.hooks.HierarchicalEmitter()
        emitter.register("a.b", with_a_name("first"))
        copied = copy.copy(emitter)
        copied.register("a.b", with_a_name("second"))
        copied.register("a.c", with_a_name("third"))
        assert [answer for _, answer in emitter.emit("a.b")] == ["first"]
        assert [answer for _, answer in copied.emit("a.b")] == ["first", "second"]
        assert emitter.emit("a.c") == []


def test_copies_of_handlers_stay_apart_when_any_of_them_changes_also_without_the_patch() -> None:
    with applied(client_cache.patches()):
        original = botocore.hooks.HierarchicalEmitter()
        original.register("a.b", FIRST)
        original.register("c.d", FIRST)
        one, other = copy.copy(original), copy.copy(original)
        one.register_last("a.b", SECOND)
    original.register("a.b", THIRD)
    other.unregister("c.d", FIRST)
    third = copy.copy(one)
    third.unregister("a.b", FIRST)
    every = (original, one, other, third)
    assert [names(emitter, "a.b") for emitter in every] == [
        ["first", "third"], ["first", "second"], ["first"], ["second"]
    ]  # fmt: skip
    assert [names(emitter, "c.d") for emitter in every] == [["first"], ["first"], [], ["first"]]


def test_every_session_has_the_handlers_that_botocore_registers_and_its_own() -> None:
    expected = handlers_of(botocore.session.Session())
    with applied(client_cache.patches()):
        one, other, third = (botocore.session.Session() for _ in range(3))
        assert handlers_of(one) == handlers_of(other) == expected
        other.register("before-call.kinesis", FIRST)
        assert handlers_of(one) == handlers_of(third) == expected
        assert FIRST in handlers_of(other)["before-call.kinesis.PutRecord"]


def test_a_handler_that_is_built_in_later_is_in_the_sessions_after_it() -> None:
    with applied(client_cache.patches()):
        before = botocore.session.Session()
        botocore.handlers.BUILTIN_HANDLERS.append(("before-call.kinesis", FIRST))
        try:
            after = botocore.session.Session()
        finally:
            botocore.handlers.BUILTIN_HANDLERS.pop()
        last = botocore.session.Session()
    called = [
        FIRST in handlers_of(s)["before-call.kinesis.PutRecord"] for s in (before, after, last)
    ]
    assert called == [False, True, False]


def test_handlers_of_an_emitter_of_ones_own_are_kept() -> None:
    with applied(client_cache.patches()):
        emitter = botocore.hooks.HierarchicalEmitter()
        emitter.register("before-call.kinesis", FIRST)
        session = botocore.session.Session(event_hooks=emitter)
    assert FIRST in handlers_of(session)["before-call.kinesis.PutRecord"]
    assert len(handlers_of(session)["before-call.kinesis.PutRecord"]) > 1


def handlers_of(session: Any) -> dict[str, list[Any]]:
    trie = session._original_handler._handlers
    return {event: list(trie.prefix_search(event)) for event in EVENTS}


def names(emitter: Any, event: str) -> list[str]:
    return [name for _, name in emitter.emit(event)]


def with_a_name(name: str) -> Any:
    return lambda **_: name


FIRST, SECOND, THIRD = map(with_a_name, ("first", "second", "third"))


def sent(session: boto3.Session) -> dict[str, str]:
    """The headers of a call, as text."""
    headers: dict[str, str] = {}
    client = session.client("kinesis")

    def note(request: Any, **_: Any) -> Any:
        headers.update(
            {k: v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()}
        )
        return answer()

    client.meta.events.register("before-send.kinesis", note)
    client.list_streams()
    return headers


def test_a_call_names_its_key_and_token_and_carries_no_signature() -> None:
    session = boto3.Session(**KEYS, aws_session_token="t")
    expected = sent(session)
    with applied(client_cache.patches()):
        headers = sent(session)
    assert headers.keys() == expected.keys()
    assert headers["X-Amz-Security-Token"] == "t"
    key = expected["Authorization"].partition(",")[0]
    assert headers["Authorization"].startswith(f"{key}, SignedHeaders=")
    assert headers["Authorization"].endswith(client_cache.NO_SIGNATURE)


def test_a_presigned_url_is_signed_as_ever() -> None:
    with applied(client_cache.patches()):
        s3 = boto3.Session(**KEYS).client("s3", config=Config(signature_version="s3v4"))
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    assert "X-Amz-Signature=" in url
    assert client_cache.NO_SIGNATURE not in url
