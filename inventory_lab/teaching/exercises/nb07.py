"""The exercises of notebook 07, One stream, two functions."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer, globals_of, require_alone
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

Fact = dict[str, Any]

BATCHES: tuple[tuple[Fact, ...], ...] = (
    ({"event_type": "quantity_changed", "product_id": "Kettle", "event_id": "a", "delta": -7},),
    (
        {"event_type": "quantity_changed", "product_id": "Café", "event_id": "b", "delta": -5},
        {"event_type": "product_added", "product_id": "Lamp", "event_id": "c", "quantity": 40},
        {"event_type": "quantity_changed", "product_id": "Café", "event_id": "d", "delta": -4},
        {"event_type": "quantity_changed", "product_id": "Café", "event_id": "e", "delta": 9},
        {"event_type": "product_removed", "product_id": "Lamp", "event_id": "f"},
    ),
)


@checks("07/add_large", "give every event of a batch the field `large`")
def add_large(answer: Answer, bench: Bench) -> None:  # noqa: ARG001
    """One sale; all kinds of events with sales at the limit; a product outside ASCII."""
    for facts in BATCHES:
        _enriched(answer, facts)
    require_alone(answer.function, "add_large")
    if outside := globals_of(answer.function):
        raise WrongAnswer(
            f"It uses {min(outside)}, which comes from outside the function. Lambda gets the function alone: import and "
            "define inside it what it needs."
        )


def _enriched(answer: Answer, facts: Sequence[Fact]) -> None:
    try:
        returned = answer([_record(number, fact) for number, fact in enumerate(facts)], None)
    except WrongAnswer as exc:
        raise WrongAnswer(f"{exc}. {_why_it_crashed(exc.error)}".removesuffix(". "), exc) from exc
    if not isinstance(returned, list):
        raise WrongAnswer(
            f"It returns {_short(returned)}: return a list with one element for each record, also when there is only one."
        )
    if len(returned) != len(facts):
        raise WrongAnswer(
            f"The batch has {_plural(len(facts), 'record')}, and your list has {_plural(len(returned), 'event')}. "
            "The pipe hands on only what you return."
        )
    for place, (event, fact) in enumerate(zip(returned, facts, strict=True)):
        _is_enriched(event, fact, [other["event_id"] for other in facts].index(fact["event_id"]))
        if event["event_id"] != facts[place]["event_id"]:
            raise WrongAnswer("The events are in another order than the records came.")


def _why_it_crashed(error: BaseException | None) -> str:
    if isinstance(error, KeyError) and error.args == ("delta",):
        return "Not every event has a delta: a product that is added has a quantity instead"
    if isinstance(error, KeyError) and error.args == ("kinesis",):
        return "A pipe's record is flat, and not in an element `kinesis`: it has its `data` itself"
    if isinstance(error, TypeError) and "list indices" in str(error):
        return "A pipe sends a bare list, without Records"
    if isinstance(error, json.JSONDecodeError):
        return "`data` is base64: decode it before you read it as JSON"
    return ""


def _is_enriched(event: Any, fact: Fact, number: int) -> None:
    if not isinstance(event, dict):
        raise WrongAnswer(
            f"Element {number} is {_short(event)}. Each element is a dictionary: decode the base64 of `data`, "
            "and read the result as JSON."
        )
    if "product_id" not in event and ("eventID" in event or "data" in event):
        raise WrongAnswer(
            "The elements are still the records of the stream. Return the event inside: `data` is its JSON text in base64."
        )
    missing = [name for name in fact if name not in event]
    if missing:
        raise WrongAnswer(
            f"The field {missing[0]} of the event is lost. Keep all fields, and add one."
        )
    changed = [name for name in fact if event[name] != fact[name]]
    if changed:
        raise WrongAnswer(
            f"The field {changed[0]} of an event was {fact[changed[0]]!r}, and is now {_short(event[changed[0]])}. "
            "Keep the fields as they are. The text is UTF-8."
        )
    if "large" not in event:
        raise WrongAnswer("An event has no field `large`. Add it to every event, True or False.")
    _size_is_right(event["large"], fact)
    if more := sorted(set(event) - {*fact, "large"}):
        raise WrongAnswer(f"An event also gets the field {more[0]}. Add `large` alone.")


def _size_is_right(large: Any, fact: Fact) -> None:
    expected = fact.get("delta", 0) <= -5
    what = f"an event with delta {fact['delta']}" if "delta" in fact else "an event without a delta"
    if not isinstance(large, bool):
        raise WrongAnswer(f"For {what}, `large` is {large!r:.60}: it must be True or False.")
    if large != expected:
        why = " A positive delta is a delivery, not a sale." if fact.get("delta", 0) > 0 else ""
        raise WrongAnswer(f"For {what}, `large` is {large}, and should be {expected}.{why}")


def _record(number: int, fact: Fact) -> dict[str, Any]:
    """The record as a pipe delivers it."""
    sequence = f"4900000000000000000000000000000000000000000000000000{number:04}"
    text = json.dumps(fact, ensure_ascii=False)
    return {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": fact["product_id"],
        "sequenceNumber": sequence,
        "data": base64.b64encode(text.encode()).decode(),
        "approximateArrivalTimestamp": 1767603601.25,
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000001:{sequence}",
        "eventName": "aws:kinesis:record",
        "awsRegion": "us-east-1",
    }


MOST_TRIES = 20
"""So often may put_targets be called while its entries fail."""
DENIED = ("AccessDeniedException", "User is not authorized to perform: lambda:AddPermission")


@dataclass(frozen=True, slots=True)
class _Case:
    """What add_rule is called with: a rule of a bus, and the functions that it invokes."""

    bus: str
    rule: str
    pattern: Mapping[str, Any]
    functions: tuple[str, ...]


@checks("07/add_rule", "let one rule of a bus invoke several functions", build=True)
def add_rule(answer: Answer, bench: Bench) -> None:
    """Two functions; the same again; a changed pattern; a second rule; a rule that gets one function more;
    a target that is refused; an error; a rule of the same name on another bus.
    """
    functions = _functions(bench, 2)
    case = _Case(_bus(bench), bench.name("sales"), {"source": ["shop"]}, functions)
    arn = _rule_arn(answer, bench, case)
    _bus_is_right(bench, case)
    _targets_are_right(bench, case)
    _one_call_sets_them(bench)
    for function in functions:
        _only_the_rule_may_invoke(bench, function, arn, functions)
    _again(answer, bench, case, arn)
    changed = _Case(case.bus, case.rule, {"detail": {"delta": [{"numeric": ["<", 0]}]}}, functions)
    _call(answer, bench, changed)
    _pattern_is_right(bench, changed, "After a second call with another pattern")
    other = _Case(case.bus, bench.name("large"), {"detail": {"large": [True]}}, functions[1:])
    second = _rule_arn(answer, bench, other)
    _every_rule_has_its_permission(bench, functions[1], second)
    _only_the_rule_may_invoke(bench, functions[1], second, functions)
    _targets_are_right(bench, other)
    _one_function_more(answer, bench, case)
    _failed_entries_come_out(answer, bench, case)
    _errors_come_out(answer, bench, case)
    _another_bus(answer, bench, case)


def _call(answer: Answer, bench: Bench, case: _Case, **clients: Any) -> Any:
    return answer(
        clients.get("events") or bench.client("events"),
        clients.get("functions") or bench.client("lambda"),
        case.bus,
        case.rule,
        copy.deepcopy(dict(case.pattern)),
        list(case.functions),
    )


def _rule_arn(answer: Answer, bench: Bench, case: _Case) -> str:
    """The ARN of the rule that the answer makes. Raises WrongAnswer when there is none."""
    before = len(bench.calls)
    returned = _call(answer, bench, case)
    rules = [call for call in bench.calls[before:] if call.operation == "PutRule"]
    if not rules:
        raise WrongAnswer("No rule was created: call events.put_rule.")
    if len({call.parameters["Name"] for call in rules}) > 1:
        raise WrongAnswer(
            "It makes a rule for each function. One rule can have up to five targets: make one rule."
        )
    if rules[0].parameters["Name"] != case.rule:
        raise WrongAnswer("The rule has another name than the argument `name` says.")
    if rules[0].parameters.get("EventBusName", "default") == "default":
        raise WrongAnswer(
            "The rule is on the default bus, where our events never arrive. Name the bus: EventBusName."
        )
    expected = str(rules[-1].answer["RuleArn"])
    if returned != expected:
        raise WrongAnswer(
            f"It returns {_short(returned)}. Return the rule's ARN: put_rule answers with it."
        )
    _pattern_is_right(bench, case, "After the first call")
    return expected


def _bus_is_right(bench: Bench, case: _Case) -> None:
    targets = bench.made("PutTargets")
    if not targets:
        raise WrongAnswer("The rule has no target: call events.put_targets.")
    if targets[0].parameters.get("EventBusName", "default") != case.bus:
        raise WrongAnswer("put_targets needs the name of the bus as well.")


def _one_call_sets_them(bench: Bench) -> None:
    calls = bench.made("PutTargets")
    if len(calls) > 1:
        raise WrongAnswer(
            f"It calls put_targets {len(calls)} times. One call takes all targets: collect them in a list first."
        )


def _pattern_is_right(bench: Bench, case: _Case, when: str) -> None:
    rule = bench.raw("events").describe_rule(Name=case.rule, EventBusName=case.bus)
    if json.loads(rule.get("EventPattern") or "{}") != case.pattern:
        raise WrongAnswer(f"{when}, the rule has another pattern than the argument `pattern`.")
    if rule["State"] != "ENABLED":
        raise WrongAnswer(f"{when}, the rule is {rule['State']}, so it matches nothing.")


def _targets_are_right(bench: Bench, case: _Case) -> None:
    targets = _targets(bench, case)
    arns = [target["Arn"] for target in targets]
    if sorted(arns) != sorted(case.functions):
        missing = len(set(case.functions) - set(arns))
        ids = [
            t["Id"]
            for call in bench.made("PutTargets")
            if call.parameters["Rule"] == case.rule
            for t in call.parameters["Targets"]
        ]
        same = " Targets with the same Id replace each other." if len(set(ids)) < len(ids) else ""
        raise WrongAnswer(
            f"Of {len(case.functions)} functions {missing} are not a target of the rule.{same}"
        )
    changed = [
        name
        for target in targets
        for name in target
        if name.startswith("Input") or name == "RoleArn"
    ]
    if changed:
        raise WrongAnswer(
            f"The targets have {changed[0]}. The functions need the whole event, and no role."
        )


def _targets(bench: Bench, case: _Case) -> list[dict[str, Any]]:
    events = bench.raw("events")
    answer = events.list_targets_by_rule(Rule=case.rule, EventBusName=case.bus)
    return list(answer["Targets"])


def _only_the_rule_may_invoke(
    bench: Bench, function: str, rule: str, functions: Sequence[str]
) -> None:
    """Raise WrongAnswer unless the function's policy lets EventBridge in, for rules of the exercise alone."""
    statements = _statements(bench, function)
    which = ("first", "second")[functions.index(function)]
    if not statements:
        raise WrongAnswer(
            f"EventBridge may not invoke the {which} function: the rule matches, and nothing arrives. "
            "Call functions.add_permission for each function."
        )
    for statement in statements:
        _is_narrow(statement)
    sources = [source for statement in statements for source in _sources(statement)]
    if rule not in sources:
        raise WrongAnswer(
            f"The SourceArn for the {which} function is {sources[0]}. The one who invokes is the rule: "
            "take the ARN that put_rule answered."
        )


def _every_rule_has_its_permission(bench: Bench, function: str, rule: str) -> None:
    """Raise WrongAnswer when the permission of an earlier rule stands in the way of this one's."""
    sources = [source for each in _statements(bench, function) for source in _sources(each)]
    if rule not in sources:
        raise WrongAnswer(
            "A second rule for the same function gets no permission: its StatementId exists already. "
            "Build the StatementId from the rule's name."
        )


def _is_narrow(statement: Mapping[str, Any]) -> None:
    principal = statement.get("Principal")
    if principal != {"Service": "events.amazonaws.com"}:
        raise WrongAnswer(
            f"The principal is {_short(principal)}. A rule invokes as the service events.amazonaws.com."
        )
    if statement.get("Action") != "lambda:InvokeFunction":
        raise WrongAnswer(
            f"The permission is for {_short(statement.get('Action'))}. A rule needs lambda:InvokeFunction."
        )
    sources = _sources(statement)
    if not sources:
        raise WrongAnswer(
            "The permission has no SourceArn, so the rules of every account may invoke your function."
        )
    if any("*" in source for source in sources):
        raise WrongAnswer(
            f"The SourceArn is {sources[0]}, so other rules may invoke the function too. Name the one rule."
        )


def _statements(bench: Bench, function: str) -> list[dict[str, Any]]:
    functions = bench.raw("lambda")
    try:
        policy = functions.get_policy(FunctionName=function)["Policy"]
    except functions.exceptions.ResourceNotFoundException:
        return []
    return list(json.loads(policy)["Statement"])


def _sources(statement: Mapping[str, Any]) -> list[str]:
    """The ARNs to which the conditions of a statement bind it."""
    values = [
        value
        for operator in statement.get("Condition", {}).values()
        for key, value in operator.items()
        if key.lower() == "aws:sourcearn"
    ]
    return [arn for value in values for arn in ([value] if isinstance(value, str) else value)]


def _again(answer: Answer, bench: Bench, case: _Case, arn: str) -> None:
    """The same call again: the same rule, and at no moment without its permission."""
    before, statements = len(bench.calls), [_statements(bench, f) for f in case.functions]
    try:
        returned = _call(answer, bench, case)
    except WrongAnswer as exc:
        if "ResourceConflict" not in str(exc):
            raise
        raise WrongAnswer(
            "The second call fails with ResourceConflictException: the permission exists, which is what you want. "
            "Catch this exception around add_permission."
        ) from exc
    removed = [
        call.operation
        for call in bench.calls[before:]
        if call.operation.startswith(("Remove", "Delete"))
    ]
    if removed:
        raise WrongAnswer(
            f"The second call begins with {removed[0]}: for a moment events are lost. Keep what exists."
        )
    if returned != arn:
        raise WrongAnswer(f"The second call returns {_short(returned)}, not the rule's ARN.")
    if [_statements(bench, f) for f in case.functions] != statements:
        raise WrongAnswer(
            "Each call adds one more permission, and a function's policy has a limit of 20 KB. "
            "Use the same StatementId for the same rule."
        )
    _targets_are_right(bench, case)


def _one_function_more(answer: Answer, bench: Bench, case: _Case) -> None:
    """A rule whose first function has its permission already, and whose second one is new."""
    grown = _Case(case.bus, bench.name("restock"), case.pattern, case.functions)
    first = _Case(grown.bus, grown.rule, grown.pattern, grown.functions[:1])
    rule = _rule_arn(answer, bench, first)
    _call(answer, bench, grown)
    sources = [
        source for each in _statements(bench, grown.functions[1]) for source in _sources(each)
    ]
    if rule not in sources:
        raise WrongAnswer(
            "A second call with one more function gives it no permission: the ResourceConflictException of the "
            "first function ends the loop. Put the try inside the loop."
        )
    _targets_are_right(bench, grown)


def _another_bus(answer: Answer, bench: Bench, case: _Case) -> None:
    """A rule of the same name, which is another rule."""
    other = _Case(_bus(bench, "outlet"), case.rule, case.pattern, case.functions)
    rule = _rule_arn(answer, bench, other)
    sources = [
        source for each in _statements(bench, case.functions[0]) for source in _sources(each)
    ]
    if rule not in sources:
        raise WrongAnswer(
            "A rule of the same name on another bus gets no permission: its StatementId exists already. Build the "
            "StatementId from the names of the bus and of the rule."
        )


def _failed_entries_come_out(answer: Answer, bench: Bench, case: _Case) -> None:
    events, before = bench.client("events"), len(bench.made("PutTargets"))
    target = _targets(bench, case)[0]["Id"]

    def fail(reply: dict[str, Any], _: int) -> None:
        entry = {"TargetId": target, "ErrorCode": "ConcurrentModificationException"}
        reply |= {"FailedEntryCount": 1, "FailedEntries": [{**entry, "ErrorMessage": "try again"}]}

    bench.altered(events, "PutTargets", fail)
    if not _raises(lambda: _call(answer, bench, case, events=events)):
        raise WrongAnswer(
            "put_targets answered 200 with a FailedEntryCount of 1, and your function goes on as if all targets "
            "were there. Raise an error."
        )
    if len(bench.made("PutTargets")) - before > MOST_TRIES:
        raise WrongAnswer(
            "While entries fail, your function calls put_targets for ever. Raise an error, at the latest after a few tries."
        )


def _errors_come_out(answer: Answer, bench: Bench, case: _Case) -> None:
    functions = bench.client("lambda")
    bench.fault(functions, "AddPermission", lambda *_: DENIED)
    new = _Case(case.bus, bench.name("denied"), case.pattern, case.functions)
    if not _raises(lambda: _call(answer, bench, new, functions=functions)):
        raise WrongAnswer(
            "When AWS denies add_permission, your function hides it. Catch ResourceConflictException alone."
        )


def _raises(call: Callable[[], object]) -> bool:
    try:
        call()
    except WrongAnswer:
        return True
    return False


def _bus(bench: Bench, name: str = "shop") -> str:
    name = bench.name(name)
    bench.client("events").create_event_bus(Name=name)
    return name


def _functions(bench: Bench, count: int) -> tuple[str, ...]:
    """The ARNs of new functions."""
    import io
    import zipfile

    archive, role = io.BytesIO(), bench.name("role")
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", "def handle(event, context):\n    pass\n")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = bench.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=document)
    client = bench.client("lambda")
    return tuple(
        str(
            client.create_function(
                FunctionName=bench.name(("search", "buyer")[number]),
                Runtime="python3.13",
                Handler="app.handle",
                Role=arn["Role"]["Arn"],
                Code={"ZipFile": archive.getvalue()},
            )["FunctionArn"]
        )
        for number in range(count)
    )


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _short(value: object) -> str:
    """The value as a diagnosis shows it, without an address in memory."""
    if " at 0x" in repr(value):
        return f"a {type(value).__name__}"
    return "nothing" if value is None else f"{value!r:.60}"
