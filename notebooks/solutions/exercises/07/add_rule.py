"""One rule has up to five targets, each with an `Id` of its own. Two permissions meet: the targets say whom the
rule invokes, and the *resource policy* of each function says that EventBridge may do it for this rule. Without
the policy, the rule matches and nothing arrives. `put_rule` and `put_targets` may be repeated; a repeated
`add_permission` answers ResourceConflictException, and this one exception is good news. `put_targets` is one
of the calls that answer 200 although a part of it failed, as `put_records` does, so its
`FailedEntryCount` must be looked at.
"""


# %% solution
def add_rule(events, functions, bus, name, pattern, targets):
    """The ARN of a rule of this bus that invokes these functions for every event that fits."""
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    for arn in targets:
        try:
            functions.add_permission(
                FunctionName=arn,
                StatementId=f"{bus}-{name}",
                Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com",
                SourceArn=rule,
            )
        except functions.exceptions.ResourceConflictException:
            pass
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    answer = events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    if answer["FailedEntryCount"]:
        raise RuntimeError(answer["FailedEntries"])
    return rule


# %% unchanged: functions.add_permission(FunctionName=arn, StatementId=f'{bus}-{name}', Action='lambda:InvokeFunction', Principal='events.amazonaws.com', SourceArn=rule) → functions.add_permission(FunctionName=arn, StatementId=f'{bus}-x{name}', Action='lambda:InvokeFunction', Principal='events.amazonaws.com', SourceArn=rule) -- any id will do that differs between rules


# %% unchanged: raise RuntimeError(answer['FailedEntries']) → raise RuntimeError(answer['FailedEntriesx']) -- a KeyError comes out as well, only its text is worse


# %% right: an id from the rule's ARN, and an assert
import json
import uuid


def add_rule(events, functions, bus, name, pattern, targets):
    arn = events.put_rule(
        EventBusName=bus,
        Name=name,
        State="ENABLED",
        EventPattern=json.dumps(pattern, indent=2),
        Description="mine",
    )["RuleArn"]
    answer = events.put_targets(
        EventBusName=bus, Rule=name, Targets=[dict(Arn=t, Id=t.split(":")[-1]) for t in targets]
    )
    for t in targets:
        try:
            functions.add_permission(
                Action="lambda:InvokeFunction",
                FunctionName=t.split(":")[-1],
                Principal="events.amazonaws.com",
                SourceArn=arn,
                StatementId=str(uuid.uuid5(uuid.NAMESPACE_URL, arn)),
            )
        except functions.exceptions.ResourceConflictException:
            print("has it")
    assert answer["FailedEntryCount"] == 0, answer
    return arn


# %% right: it repeats the targets that failed three times
import json


def add_rule(events, functions, bus, name, pattern, targets):
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
    arn = events.describe_rule(Name=name, EventBusName=bus)["Arn"]
    for t in targets:
        allow(functions, t, arn)
    todo = [{"Id": t.rpartition(":")[2], "Arn": t} for t in targets]
    for _ in range(3):
        answer = events.put_targets(Rule=name, EventBusName=bus, Targets=todo)
        if not answer["FailedEntryCount"]:
            return arn
        failed = {e["TargetId"] for e in answer["FailedEntries"]}
        todo = [t for t in todo if t["Id"] in failed]
    raise RuntimeError(answer)


def allow(functions, function, arn):
    try:
        functions.add_permission(
            FunctionName=function,
            StatementId=arn.split(":")[-1].replace("/", "-"),
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=arn,
        )
    except functions.exceptions.ResourceConflictException:
        pass


# %% right: it reads the function's policy first
import json


def add_rule(events, functions, bus, name, pattern, targets):
    arn = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    for t in targets:
        try:
            statements = json.loads(functions.get_policy(FunctionName=t)["Policy"])["Statement"]
        except functions.exceptions.ResourceNotFoundException:
            statements = []
        if any(arn in json.dumps(s) for s in statements):
            continue
        functions.add_permission(
            FunctionName=t,
            StatementId=f"{bus}-{name}",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
            SourceArn=arn,
        )
    answer = events.put_targets(
        Rule=name,
        EventBusName=bus,
        Targets=[{"Id": str(i), "Arn": t} for i, t in enumerate(targets)],
    )
    if answer["FailedEntries"]:
        raise ValueError(answer["FailedEntries"])
    return arn


# %% right: the account as a condition too
import json


def add_rule(events, functions, bus, name, pattern, targets):
    arn = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    for t in targets:
        try:
            functions.add_permission(
                FunctionName=t,
                StatementId=f"{name}-on-{bus}",
                Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com",
                SourceArn=arn,
                SourceAccount=arn.split(":")[4],
            )
        except functions.exceptions.ResourceConflictException:
            continue
    answer = events.put_targets(
        Rule=name,
        EventBusName=bus,
        Targets=tuple({"Id": f"t{i}", "Arn": t} for i, t in enumerate(targets)),
    )
    if answer["FailedEntryCount"] != 0:
        raise SystemError
    return arn


# %% wrong: Build the StatementId from the rule's name.
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    answer = events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    if answer["FailedEntryCount"]:
        raise RuntimeError("a target failed")
    for arn in targets:
        try:
            functions.add_permission(
                FunctionName=arn, StatementId="events", Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com", SourceArn=rule,
            )  # fmt: skip
        except functions.exceptions.ResourceConflictException:
            pass
    return rule


# %% wrong: EventBridge may not invoke the first function: the rule matches, and nothing arrives.
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    answer = events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    if answer["FailedEntryCount"]:
        raise RuntimeError(answer["FailedEntries"])
    return rule


# %% wrong: The permission has no SourceArn, so the rules of every account may invoke your function.
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    for arn in targets:
        functions.add_permission(
            FunctionName=arn, StatementId=name, Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
        )  # fmt: skip
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    return rule


# %% wrong: The rule is on the default bus, where our events never arrive.
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    events.put_targets(Rule=name, Targets=entries)
    return rule


# %% wrong: It makes a rule for each function.
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    for number, arn in enumerate(targets):
        each = f"{name}-{number}"
        rule = events.put_rule(Name=each, EventBusName=bus, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=each, EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])
    return rule["RuleArn"]


# %% wrong: Targets with the same Id replace each other.
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    for arn in targets:
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])
        functions.add_permission(
            FunctionName=arn, StatementId=name, Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com", SourceArn=rule,
        )  # fmt: skip
    return rule


# %% wrong: The second call fails with ResourceConflictException
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    for arn in targets:
        functions.add_permission(
            FunctionName=arn, StatementId=name, Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com", SourceArn=rule,
        )  # fmt: skip
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    return rule


# %% wrong: put_targets answered 200 with a FailedEntryCount of 1
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    for arn in targets:
        try:
            functions.add_permission(
                FunctionName=arn, StatementId=name, Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com", SourceArn=rule,
            )  # fmt: skip
        except functions.exceptions.ResourceConflictException:
            pass
    return rule


# %% wrong: A rule invokes as the service events.amazonaws.com.
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    for arn in targets:
        functions.add_permission(
            FunctionName=arn, StatementId=name, Action="lambda:InvokeFunction",
            Principal="pipes.amazonaws.com", SourceArn=rule,
        )  # fmt: skip
    return rule


# %% wrong: The one who invokes is the rule: take the ARN that put_rule answered.
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    bus_arn = rule.replace(":rule/", ":event-bus/").rpartition("/")[0]
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    for arn in targets:
        functions.add_permission(
            FunctionName=arn, StatementId=name, Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com", SourceArn=bus_arn,
        )  # fmt: skip
    return rule


# %% wrong: EventBridge may not invoke the second function
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    functions.add_permission(
        FunctionName=targets[0], StatementId=name, Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com", SourceArn=rule,
    )  # fmt: skip
    return rule


# %% wrong: Catch ResourceConflictException alone.
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    answer = events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    if answer["FailedEntryCount"]:
        raise RuntimeError("a target failed")
    for arn in targets:
        try:
            functions.add_permission(
                FunctionName=arn, StatementId=name, Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com", SourceArn=rule,
            )  # fmt: skip
        except Exception:
            pass
    return rule


# %% wrong: Use the same StatementId for the same rule.
def add_rule(events, functions, bus, name, pattern, targets):
    import json
    import uuid

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    answer = events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    if answer["FailedEntryCount"]:
        raise RuntimeError("a target failed")
    for arn in targets:
        functions.add_permission(
            FunctionName=arn, StatementId=uuid.uuid4().hex, Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com", SourceArn=rule,
        )  # fmt: skip
    return rule


# %% wrong: Return the rule's ARN: put_rule answers with it.
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    events.put_targets(Rule=name, EventBusName=bus, Targets=entries)


# %% wrong: InvalidEventPatternException
def add_rule(events, functions, bus, name, pattern, targets):
    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=str(pattern))["RuleArn"]
    return rule


# %% wrong: Put the try inside the loop.
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    try:
        for arn in targets:
            functions.add_permission(
                FunctionName=arn, StatementId=name, Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com", SourceArn=rule,
            )  # fmt: skip
    except functions.exceptions.ResourceConflictException:
        pass
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    answer = events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    if answer["FailedEntryCount"]:
        raise RuntimeError("a target failed")
    return rule


# %% wrong: One call takes all targets: collect them in a list first.
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    for number, arn in enumerate(targets):
        try:
            functions.add_permission(
                FunctionName=arn, StatementId=name, Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com", SourceArn=rule,
            )  # fmt: skip
        except functions.exceptions.ResourceConflictException:
            pass
        entry = {"Id": str(number), "Arn": arn}
        answer = events.put_targets(Rule=name, EventBusName=bus, Targets=[entry])
        if answer["FailedEntryCount"]:
            raise RuntimeError("a target failed")
    return rule


# %% wrong: your function calls put_targets for ever
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    for arn in targets:
        try:
            functions.add_permission(
                FunctionName=arn, StatementId=name, Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com", SourceArn=rule,
            )  # fmt: skip
        except functions.exceptions.ResourceConflictException:
            pass
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    while events.put_targets(Rule=name, EventBusName=bus, Targets=entries)["FailedEntryCount"]:
        pass
    return rule


# %% wrong: AWS answered ValidationException
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    entries = [{"Id": arn, "Arn": arn} for arn in targets]
    events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    return rule


# %% wrong: Build the StatementId from the names of the bus and of the rule.
def add_rule(events, functions, bus, name, pattern, targets):
    import json

    rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    entries = [{"Id": str(number), "Arn": arn} for number, arn in enumerate(targets)]
    answer = events.put_targets(Rule=name, EventBusName=bus, Targets=entries)
    if answer["FailedEntryCount"]:
        raise RuntimeError("a target failed")
    for arn in targets:
        try:
            functions.add_permission(
                FunctionName=arn, StatementId=name, Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com", SourceArn=rule,
            )  # fmt: skip
        except functions.exceptions.ResourceConflictException:
            pass
    return rule


# %% wrong: at 'statementId' failed to satisfy constraint
import json


def add_rule(events, functions, bus, name, pattern, targets):
    arn = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))["RuleArn"]
    for t in targets:
        try:
            functions.add_permission(
                FunctionName=t,
                StatementId=f"{bus}/{name}",
                Action="lambda:InvokeFunction",
                Principal="events.amazonaws.com",
                SourceArn=arn,
            )
        except functions.exceptions.ResourceConflictException:
            pass
    answer = events.put_targets(
        Rule=name,
        EventBusName=bus,
        Targets=[{"Id": str(i), "Arn": t} for i, t in enumerate(targets)],
    )
    if answer["FailedEntryCount"]:
        raise RuntimeError
    return arn
