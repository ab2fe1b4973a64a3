"""The exercises of notebook 05, the Lambda function."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import FunctionType
from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer, require_alone
from inventory_lab.teaching.exercises.bench import AwsCall, Bench
from inventory_lab.teaching.exercises.registry import checks

Fact = dict[str, Any]
PARTS = ("base64", "boto3", "json", "os")
"""The modules that the file in the zip imports."""
NO_JSON = b"no JSON"
SHARD_KEY = "till-3"
"""The partition key of every record: a producer may choose another one than the product."""
REFUSAL = (
    "InvalidParameterValueException",
    "The role defined for the function cannot be assumed by Lambda.",
)
NO_ACCESS = ("InvalidParameterValueException", "Cannot access stream. Please ensure the role can.")
CHANGES = {"CreateFunction", "UpdateFunctionCode"}
READERS = ("GetFunction", "GetFunctionConfiguration")


@checks("05/handle", "add what every record says to the count of its product")
def handle(answer: Answer, bench: Bench) -> None:
    """Batches of several products, a product that exists, one with no pieces, and a broken record."""
    table = _Counts(bench)
    deployed = _as_deployed(answer, table.resource)
    for rule, facts, expected in CASES:
        names = {fact["product_id"]: bench.name(fact["product_id"]) for fact in facts}
        known = [_event(fact) | {"product_id": names[fact["product_id"]]} for fact in facts]
        returned = _invoke(deployed, [_record(n, fact) for n, fact in enumerate(known)])
        _requires_json(returned)
        if table.count(SHARD_KEY) is not None:
            raise WrongAnswer(
                "It counts under the partition key of the record. The event under `data` says which product it is."
            )
        for product, count in expected.items():
            _requires_count(rule, product, table.count(names[product]), count)
    if "GetItem" in table.operations or "PutItem" in table.operations:
        raise WrongAnswer(
            "It reads the count and writes a new one. Two functions that do so at the same time lose "
            "one of two sales. Let DynamoDB add: update_item with ADD."
        )
    _fails_at_a_broken_record(deployed, bench, table)


CASES: list[tuple[str, list[Fact], dict[str, int]]] = [
    ("One record:", [{"product_id": "Fan", "quantity": 7}], {"Fan": 7}),
    (
        "Three records of two products:",
        [
            {"product_id": "Fan", "quantity": 7},
            {"product_id": "Pan", "quantity": 2},
            {"product_id": "Fan", "delta": -3},
        ],
        {"Fan": 4, "Pan": 2},
    ),
    (
        "A product that comes into the shop with 0 pieces:",
        [{"product_id": "Fan", "quantity": 0}],
        {"Fan": 0},
    ),
    (
        "A delivery of 5 after two sales:",
        [{"product_id": "Fan", "delta": change} for change in (-1, -2, 5)],
        {"Fan": 2},
    ),
    (
        "Two deliveries as new products, of 7 and of 5:",
        [{"product_id": "Fan", "quantity": number} for number in (7, 5)],
        {"Fan": 12},
    ),
    ("A batch without records:", [], {}),
]
"""A sentence for the learner, the events of one batch, and the counts after it."""


def _event(fact: Fact) -> Fact:
    """The event as the producer writes it, with its type."""
    return {"event_type": "product_added" if "quantity" in fact else "quantity_changed", **fact}


def _as_deployed(answer: Answer, table: Any) -> Answer:
    """The answer as in Lambda: with the table and the imports of the file, and nothing of the notebook."""
    function = answer.function
    modules = {name: __import__(name) for name in PARTS}
    require_alone(function, "handle", table=table, **modules)
    namespace = {"__name__": "app", "table": table, **modules}
    copied = FunctionType(
        function.__code__, namespace, function.__name__, function.__defaults__, function.__closure__
    )
    return Answer(copied)


def _invoke(deployed: Answer, records: Sequence[Fact]) -> Any:
    try:
        return deployed({"Records": list(records)}, None)
    except WrongAnswer as exc:
        if isinstance(exc.error, NameError):
            raise WrongAnswer(
                f"{exc}. Lambda knows only what is in the file: this function, `table`, and the modules "
                f"{', '.join(PARTS)}."
            ) from exc
        if isinstance(exc.error, json.JSONDecodeError):
            raise WrongAnswer(
                f"{exc}. What is under `data` is base64: decode it before you read it as JSON."
            ) from exc
        if isinstance(exc.error, ClientError) and "key element does not match" in str(exc.error):
            raise WrongAnswer(
                "`table` takes plain values, and adds the types itself: write the product, not "
                '{"S": …}, and the number, not {"N": …}. Those belong to the client of notebook 04.'
            ) from exc
        if isinstance(exc.error, KeyError) and exc.error.args[0] in ("quantity", "delta"):
            raise WrongAnswer(
                f"{exc}. An event has `quantity` or `delta`, not both: product_added the first, "
                "quantity_changed the second."
            ) from exc
        raise


def _requires_json(returned: object) -> None:
    try:
        json.dumps(returned)
    except (TypeError, ValueError) as exc:
        raise WrongAnswer(
            f"It returns a {type(returned).__name__} that cannot be written as JSON, and Lambda would "
            "report a function error. Nothing needs to be returned."
        ) from exc


def _requires_count(rule: str, product: str, count: int | None, expected: int) -> None:
    if count is None:
        raise WrongAnswer(f"{rule} the table has no item of {product} with a `quantity`.")
    if count != expected:
        raise WrongAnswer(f"{rule} expected {expected} of {product}, the table says {count}.")


def _fails_at_a_broken_record(deployed: Answer, bench: Bench, table: _Counts) -> None:
    product = bench.name("Fan")
    records = [_record(0, _event({"product_id": product, "quantity": 7})), _record(1, NO_JSON)]
    try:
        deployed({"Records": records}, None)
    except WrongAnswer as exc:
        if not isinstance(exc.error, Exception):
            raise
        _requires_first_counted(table.count(product))
        return
    raise WrongAnswer(
        "At a record that is not JSON it goes on, and the record is lost without a trace: Lambda "
        "believes that all went well. Let the error come out, for now."
    )


def _requires_first_counted(count: int | None) -> None:
    if count is None:
        raise WrongAnswer(
            "A good record came before a broken one, and was not counted when the error came out. Update "
            "the table for each record, before you read the next."
        )
    _requires_count("Before a broken record:", "Fan", count, 7)


def _record(number: int, content: Fact | bytes) -> Fact:
    """A record as an event source mapping delivers it."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return {
        "kinesis": {
            "partitionKey": SHARD_KEY,
            "sequenceNumber": f"4959033827149025660855969253836157109{number:02}",
            "data": base64.b64encode(data).decode(),
        },
        "eventSource": "aws:kinesis",
        "eventID": f"shardId-000000000000:{number}",
    }


class _Counts:
    """A table of the bench; `operations` are the calls that the answer made on it."""

    def __init__(self, bench: Bench) -> None:
        name = bench.table("inventory")
        self.operations: list[str] = []
        self.resource = bench.lab.session("root").resource("dynamodb").Table(name)
        self._raw, self._name = bench.raw("dynamodb"), name
        self.resource.meta.client.meta.events.register("before-call.dynamodb", self._note)

    def _note(self, model: Any, **_: object) -> None:
        self.operations.append(model.name)

    def count(self, product: str) -> int | None:
        """The quantity of a product; None without one."""
        answer = self._raw.get_item(TableName=self._name, Key={"product_id": {"S": product}})
        number = answer.get("Item", {}).get("quantity", {}).get("N")
        return None if number is None else int(number)


FIRST = 'def handle(event, context):\n    return "first"\n'
SECOND = 'def handle(event, context):\n    return "größer als first"\n'


@checks("05/create_function", "create a function, or give it new code", build=True)
def create_function(answer: Answer, bench: Bench) -> None:
    """A new function, slow to become active; new code for it; a race; an error that must not be hidden."""
    functions, name, role = bench.client("lambda"), bench.name("counter"), _role(bench)
    more: dict[str, Any] = {"Environment": {"Variables": {"TABLE_NAME": "inventory"}}}
    more |= {"Tags": {"team": "7"}, "Description": "counts the stock"}
    _slowly(bench, functions)
    arn = _call(answer, bench, functions, name, role, FIRST, **more)
    _requires_settings(bench, name, more)
    _requires_result(bench, name, "first", "its code")
    handler = bench.raw("lambda").get_function_configuration(FunctionName=name)["Handler"]
    if handler != "app.handle":
        raise WrongAnswer(
            f"Its handler is {handler}. The file in the zip is app.py, so it is app.handle."
        )
    before = len(bench.calls)
    again = _call(answer, bench, functions, name, role, SECOND, **more)
    if any(call.operation == "DeleteFunction" for call in bench.calls[before:]):
        raise WrongAnswer(
            "It deletes the function that exists. Between the two calls nobody can invoke it. Call "
            "update_function_code instead."
        )
    _requires_result(bench, name, "größer als first", "the new code")
    if (
        not again
        == arn
        == bench.raw("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    ):
        raise WrongAnswer(
            f"It returns {_short(arn)} for a new function and {_short(again)} for one that exists. "
            "Return the function's ARN both times."
        )
    _keeps_settings(answer, bench, functions, name, role)
    if bench.made("UpdateFunctionConfiguration"):
        raise WrongAnswer(
            "It changes the settings of the function that exists. Give it the new code, and nothing else."
        )
    _survives_a_race(answer, bench, role)
    _other_errors_pass(answer, bench, "CreateFunction", REFUSAL, name, role, FIRST)


def _keeps_settings(answer: Answer, bench: Bench, functions: Any, name: str, role: str) -> None:
    """New code, and no `more` this time: the variables of the function stay as they are."""
    raw = bench.raw("lambda")
    before = raw.get_function_configuration(FunctionName=name)
    _call(answer, bench, functions, name, role, FIRST)
    after = raw.get_function_configuration(FunctionName=name)
    for member in ("Environment", "Timeout", "Handler", "Runtime", "Role", "Description"):
        if after.get(member) != before.get(member):
            raise WrongAnswer(
                f"Called again with new code and without {member}, it changes {member} of the function that "
                "exists. Give it the new code, and nothing else."
            )


def _role(bench: Bench) -> str:
    """A role that Lambda can assume, and that reads every stream."""
    iam, name = bench.client("iam"), bench.name("role")
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trust = {"Statement": [{**allow, "Principal": {"Service": "lambda.amazonaws.com"}}]}
    version = {"Version": "2012-10-17"}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(version | trust))
    reads = {"Statement": [{"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"}]}
    iam.put_role_policy(
        RoleName=name, PolicyName="read", PolicyDocument=json.dumps(version | reads)
    )
    return str(role["Role"]["Arn"])


def _slowly(bench: Bench, functions: Any) -> None:
    """New functions are Pending, and new code InProgress, at the first two looks."""
    pending = {"CreateFunction": {"State": "Pending"}, "UpdateFunctionCode": {"LastUpdateStatus": "InProgress"}}  # fmt: skip
    for operation in READERS:

        def alter(answer: dict[str, Any], _: int) -> None:
            changes = [call.operation for call in bench.calls if call.operation in pending]
            looks = [call.operation in READERS for call in bench.calls[_last(bench, changes) :]]
            if changes and sum(looks) < 3:
                answer.get("Configuration", answer).update(pending[changes[-1]])

        bench.altered(functions, operation, alter)


def _last(bench: Bench, changes: Sequence[str]) -> int:
    """The place of the last call that changed the function."""
    places = [n for n, call in enumerate(bench.calls) if changes and call.operation == changes[-1]]
    return places[-1] if places else 0


def _call(answer: Answer, bench: Bench, *arguments: Any, **more: Any) -> Any:
    """Call the answer; what it returns. It must have waited until Lambda has finished."""
    before = len(bench.calls)
    try:
        returned = answer(*arguments, **more)
    except WrongAnswer as exc:
        raise _explained(exc) from exc
    calls = bench.calls[before:]
    made = {call.operation for call in calls if not call.error}
    if not made & CHANGES and any(call.error == "ResourceConflictException" for call in calls):
        raise WrongAnswer(
            "A function that exists keeps its old code. Give it the new zip with update_function_code."
        )
    if not made & CHANGES:
        raise WrongAnswer("No function was created: call functions.create_function.")
    state = {"State": "Active", "LastUpdateStatus": "Successful"}
    waited = [member for member, value in state.items() if value in _seen(calls, member)]
    if "UpdateFunctionCode" in made and "LastUpdateStatus" not in waited:
        raise WrongAnswer(
            "It returns while the new code is still InProgress, and an invocation may run the old one. "
            'Wait with functions.get_waiter("function_updated_v2").'
        )
    if "CreateFunction" in made and "State" not in waited:
        raise WrongAnswer(
            "It returns while the new function is still Pending. Wait with "
            'functions.get_waiter("function_active_v2").'
        )
    return returned


def _seen(calls: Sequence[AwsCall], member: str) -> list[str]:
    """What GetFunction answered for a member of the configuration after the last change."""
    changes = [n for n, call in enumerate(calls) if call.operation in CHANGES]  # fmt: skip
    looks = [call for call in calls[changes[-1] :] if call.operation in READERS]
    return [str(call.answer.get("Configuration", call.answer).get(member, "")) for call in looks]


def _explained(exc: WrongAnswer) -> WrongAnswer:
    """A diagnosis for AWS's refusals that a learner is likely to meet."""
    text = str(exc)
    if "ResourceConflict" in text and "CreateFunction" in text + repr(exc.error):
        return WrongAnswer(
            "The second call, for a function that exists, fails with ResourceConflictException. "
            "Catch it around create_function, and call update_function_code there."
        )
    if "unzip" in text or "BadZipFile" in text:
        return WrongAnswer(
            "Lambda cannot unzip the code. ZipFile takes the bytes of a zip, archive.getvalue(), read "
            "after the with-block has closed it."
        )
    return exc


def _requires_settings(bench: Bench, name: str, more: Mapping[str, Any]) -> None:
    raw = bench.raw("lambda")
    try:
        function = raw.get_function(FunctionName=name)
    except ClientError as exc:
        raise WrongAnswer("The function has another name than the argument `name` says.") from exc
    configuration = function["Configuration"]
    for member, expected in (("Runtime", "python3.13"), ("Timeout", 10)):
        if configuration[member] != expected:
            raise WrongAnswer(f"Its {member} is {configuration[member]}, and should be {expected}.")
    if configuration.get("Environment", {}).get("Variables") != more["Environment"]["Variables"]:
        raise WrongAnswer("The function lacks its Environment: pass `**more` to create_function.")
    if configuration["Description"] != more["Description"]:
        raise WrongAnswer("The function lacks its Description: pass `**more` to create_function.")
    if function.get("Tags") != more["Tags"]:
        raise WrongAnswer("The function lacks its Tags: pass `**more` to create_function.")


def _requires_result(bench: Bench, name: str, expected: str, what: str) -> None:
    """Invoke the function: it must run the source."""
    answer = bench.raw("lambda").invoke(FunctionName=name, Payload=b"{}")
    payload = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        problem = str(payload.get("errorMessage", payload))
        mend = "Handler is the name of the file in the zip, without .py, a dot, and `handle`."
        if problem.startswith("Syntax error"):
            mend = "Write `source` into app.py as it is."
        raise WrongAnswer(f"Invoked, the function fails: {problem}. {mend}")
    if payload != expected:
        raise WrongAnswer(f"Invoked, the function does not run {what}: it answers {payload!r:.40}.")


def _survives_a_race(answer: Answer, bench: Bench, role: str) -> None:
    """Somebody else creates the function just before the answer does."""
    functions, name = bench.client("lambda"), bench.name("counter")
    colleague, real = bench.client("lambda"), bench.name("counter")
    _call(answer, bench, colleague, real, role, FIRST)
    code = next(call for call in reversed(bench.made("CreateFunction")) if not call.error)

    def too_late(*_: object) -> tuple[str, str]:
        with suppress(ClientError):
            colleague.create_function(**{**code.parameters, "FunctionName": name})
        return "ResourceConflictException", f"Function already exist: {name}"

    bench.fault(functions, "CreateFunction", too_late)
    try:
        _call(answer, bench, functions, name, role, SECOND)
    except WrongAnswer as exc:
        if "ResourceConflict" not in str(exc):
            raise
        raise WrongAnswer(
            "Your function asks whether the function exists, and then creates it. When somebody else "
            "creates it in between, it fails. Create first, and catch ResourceConflictException."
        ) from exc
    _requires_result(bench, name, "größer als first", "the new code")


def _other_errors_pass(
    answer: Answer, bench: Bench, operation: str, error: tuple[str, str], *arguments: Any
) -> None:
    """Raise WrongAnswer when the answer hides an error that is not about what exists already."""
    functions = bench.client("lambda")
    bench.fault(functions, operation, lambda *_: error)
    try:
        answer(functions, *arguments)
    except WrongAnswer as exc:
        if error[0] in str(exc) and error[1] in str(exc):
            return
        raise WrongAnswer(_hidden(error[0])) from exc
    raise WrongAnswer(_hidden(error[0]))


def _hidden(code: str) -> str:
    return (
        f"When AWS answers {code}, your function hides it and goes on. Catch "
        "ResourceConflictException alone."
    )


@checks("05/create_mapping", "connect a stream to a function, once")
def create_mapping(answer: Answer, bench: Bench) -> None:
    """Among other mappings of the stream and of the function: a new one, one that exists, a race."""
    stream, other = _stream(bench), _stream(bench)
    role = _role(bench)
    name, sibling = (_function(bench, kind, role) for kind in ("counter", "mailer"))
    functions, owner = bench.client("lambda"), bench.client("lambda")
    for source, function in ((stream, sibling), (other, name)):
        owner.create_event_source_mapping(
            EventSourceArn=source, FunctionName=function, StartingPosition="LATEST"
        )
    more = {"BatchSize": 7, "MaximumRetryAttempts": 3, "Tags": {"team": "7"}}
    identifier = answer(functions, stream, name, **more)
    _requires_mapping(bench, identifier, stream, name, more)
    for source, function in ((stream, _function(bench, "writer", role)), (_stream(bench), name)):
        owner.create_event_source_mapping(
            EventSourceArn=source, FunctionName=function, StartingPosition="LATEST"
        )
    _requires_the_same(identifier, _again(answer, bench, functions, stream, name, more))
    _mapping_survives_a_race(answer, bench, other, sibling)
    functions = bench.client("lambda")
    _other_errors_pass(answer, bench, "CreateEventSourceMapping", NO_ACCESS, stream, name)
    bench.require_rights("GetEventSourceMapping", "Return the UUID, without waiting for anything.")


def _requires_mapping(
    bench: Bench, identifier: Any, stream: str, name: str, more: Mapping[str, Any]
) -> None:
    raw = bench.raw("lambda")
    listed = raw.list_event_source_mappings(EventSourceArn=stream, FunctionName=name)
    if not listed["EventSourceMappings"]:
        raise WrongAnswer(
            "There is no mapping from `stream` to the function `name`. A mapping from this stream to another "
            "function, or from another stream to this one, does not count."
        )
    mapping = listed["EventSourceMappings"][0]
    if mapping["StartingPosition"] != "TRIM_HORIZON":
        raise WrongAnswer(
            f"It starts at {mapping['StartingPosition']}, so what is in the stream already is never "
            "processed. Start at TRIM_HORIZON."
        )
    if mapping["State"] != "Enabled":
        raise WrongAnswer("The mapping is disabled: leave Enabled out, or say True.")
    tags = raw.list_tags(Resource=mapping["EventSourceMappingArn"])["Tags"]
    for member, value in more.items():
        if {**mapping, "Tags": tags}[member] != value:
            raise WrongAnswer(
                f"Called with {', '.join(more)}, it leaves {member} out: pass `**more` to the call."
            )
    if identifier != mapping["UUID"]:
        raise WrongAnswer(f"It returns {_named(identifier)}, not the UUID of the new mapping.")


def _again(
    answer: Answer, bench: Bench, functions: Any, stream: str, name: str, more: Mapping[str, Any]
) -> Any:
    try:
        returned = answer(functions, stream, name, **more)
    except WrongAnswer as exc:
        if "ResourceConflict" not in str(exc):
            raise
        raise WrongAnswer(
            "The second call, for a mapping that exists, fails with ResourceConflictException. Catch "
            "it, and look the UUID up with list_event_source_mappings."
        ) from exc
    if bench.made("UpdateEventSourceMapping") or bench.made("DeleteEventSourceMapping"):
        raise WrongAnswer(
            "It changes or deletes the mapping that exists. Return its UUID and leave it as it is."
        )
    return returned


def _requires_the_same(first: Any, second: Any) -> None:
    if first != second:
        raise WrongAnswer(
            f"For a mapping that exists it returns {_named(second)}, not its UUID. The stream and the "
            "function may have other mappings: list with EventSourceArn and FunctionName."
        )


def _named(identifier: object) -> str:
    """What an answer returned in the place of a UUID; UUIDs differ in every run."""
    looks_like_one = isinstance(identifier, str) and identifier.count("-") == 4
    return "the UUID of another mapping" if looks_like_one else _short(identifier)


def _mapping_survives_a_race(answer: Answer, bench: Bench, stream: str, name: str) -> None:
    """Somebody else creates the mapping just before the answer does."""
    functions, colleague = bench.client("lambda"), bench.client("lambda")

    def too_late(*_: object) -> tuple[str, str]:
        with suppress(ClientError):
            colleague.create_event_source_mapping(
                EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON"
            )
        return (
            "ResourceConflictException",
            "The event source arn and function mapping already exists.",
        )

    bench.fault(functions, "CreateEventSourceMapping", too_late)
    try:
        returned = answer(functions, stream, name)
    except WrongAnswer as exc:
        if "ResourceConflict" not in str(exc):
            raise
        raise WrongAnswer(
            "Your function asks whether the mapping exists, and then creates it. When somebody else "
            "creates it in between, it fails. Create first, and catch ResourceConflictException."
        ) from exc
    listed = bench.raw("lambda").list_event_source_mappings(
        EventSourceArn=stream, FunctionName=name
    )
    _requires_the_same(listed["EventSourceMappings"][0]["UUID"], returned)


def _stream(bench: Bench) -> str:
    """The ARN of a new stream."""
    kinesis, name = bench.client("kinesis"), bench.name("orders")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return str(summary["StreamARN"])


def _function(bench: Bench, kind: str, role: str) -> str:
    """The name of a new function."""
    name, archive = bench.name(kind), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", FIRST)
    bench.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="app.handle",
        Code={"ZipFile": archive.getvalue()},
    )
    return name


def _short(value: object) -> str:
    """A value in few words."""
    if value is None:
        return "nothing"
    return json.dumps(value)[:60] if isinstance(value, str | int) else f"a {type(value).__name__}"
