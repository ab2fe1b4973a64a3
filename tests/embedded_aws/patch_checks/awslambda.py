"""Checks of the patches of Lambda."""

from __future__ import annotations

import json
from typing import Any

from moto.awslambda.models import lambda_backends

from tests.embedded_aws.patch_checks import ACCOUNT, Aws, check, outcome

RESERVED = {"Variables": {"AWS_REGION": "x"}}
REFUSED = "InvalidParameterValueException"


@check("LambdaResponse.use_raw_body", {"text": "a=1&b=2"})
def a_payload_that_looks_like_a_form(aws: Aws) -> Any:
    return _invoke(aws, {"text": "a=1&b=2"})


@check("LambdaResponse.invoke", {"stock": 1})
def the_answer_of_a_function(aws: Aws) -> Any:
    return _invoke(aws, {"stock": 1})


@check("LambdaResponse.invoke_async", 1)
def lines_of_a_function_that_was_invoked_later(aws: Aws) -> int:
    aws.function()
    aws.client("lambda").invoke_async(FunctionName=aws.name, InvokeArgs=b"{}")
    aws.lab.pump()
    events = aws.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{aws.name}")["events"]
    return sum(event["message"].startswith("START") for event in events)


@check("LambdaFunction.invoke", "UnsupportedFunction")
def a_function_that_moto_starts_by_itself(aws: Aws) -> str:
    aws.function()
    function = lambda_backends[ACCOUNT]["us-east-1"].get_function(aws.name)
    function._invoke_lambda = lambda _: ("", False, "")  # instead of Docker
    return outcome(lambda: function.invoke("{}", {}, {}))


@check("LambdaFunction.update_configuration", REFUSED)
def a_change_to_a_reserved_variable(aws: Aws) -> str:
    aws.function()
    change = aws.client("lambda").update_function_configuration
    return outcome(lambda: change(FunctionName=aws.name, Environment=RESERVED))


@check("LambdaFunction.update_function_code", REFUSED)
def new_code_that_is_not_a_zip(aws: Aws) -> str:
    aws.function()
    change = aws.client("lambda").update_function_code
    return outcome(lambda: change(FunctionName=aws.name, ZipFile=b"no zip"))


@check("LambdaFunction.get_configuration", True)
def the_dead_letter_queue_of_a_function_is_shown(aws: Aws) -> bool:
    _, arn = aws.queue()
    aws.function(DeadLetterConfig={"TargetArn": arn})
    shown = aws.client("lambda").get_function_configuration(FunctionName=aws.name)
    return bool(shown.get("DeadLetterConfig", {}).get("TargetArn") == arn)


@check("LambdaBackend.create_function", REFUSED)
def a_new_function_with_a_reserved_variable(aws: Aws) -> str:
    return outcome(lambda: aws.function(Environment=RESERVED))


@check("LambdaBackend.create_alias", "UnsupportedFunction")
def a_new_alias_of_two_versions(aws: Aws) -> str:
    aws.function(Publish=True)
    create = aws.client("lambda").create_alias
    return outcome(lambda: create(Name="both", FunctionVersion="1", **_weights(aws)))


@check("LambdaBackend.update_alias", "UnsupportedFunction")
def an_alias_that_becomes_one_of_two_versions(aws: Aws) -> str:
    aws.function(Publish=True)
    client = aws.client("lambda")
    client.create_alias(FunctionName=aws.name, Name="both", FunctionVersion="1")
    return outcome(lambda: client.update_alias(Name="both", **_weights(aws)))


@check("LambdaBackend.add_permission", "ResourceConflictException")
def a_statement_id_that_is_taken(aws: Aws) -> str:
    aws.function()

    def add() -> None:
        aws.client("lambda").add_permission(
            FunctionName=aws.name, StatementId="one", Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
        )  # fmt: skip

    add()
    return outcome(add)


@check("LambdaBackend.put_function_event_invoke_config", 1)
def retries_after_they_were_put_twice(aws: Aws) -> Any:
    aws.function()
    client = aws.client("lambda")
    for retries in (2, 1):
        client.put_function_event_invoke_config(FunctionName=aws.name, MaximumRetryAttempts=retries)
    return client.get_function_event_invoke_config(FunctionName=aws.name)["MaximumRetryAttempts"]


@check("LambdaBackend.update_function_event_invoke_config", (1, 100))
def what_an_update_does_not_name(aws: Aws) -> Any:
    aws.function()
    client = aws.client("lambda")
    client.put_function_event_invoke_config(
        FunctionName=aws.name, MaximumRetryAttempts=2, MaximumEventAgeInSeconds=100
    )
    client.update_function_event_invoke_config(FunctionName=aws.name, MaximumRetryAttempts=1)
    shown = client.get_function_event_invoke_config(FunctionName=aws.name)
    return shown["MaximumRetryAttempts"], shown.get("MaximumEventAgeInSeconds")


@check("LambdaResponse.create_event_source_mapping", "Creating")
def the_state_of_a_new_mapping(aws: Aws) -> Any:
    return _mapping(aws)["State"]


@check("LambdaResponse.get_event_source_mapping", "No records processed")
def what_a_mapping_processed_last(aws: Aws) -> Any:
    uuid = _mapping(aws)["UUID"]
    return aws.client("lambda").get_event_source_mapping(UUID=uuid).get("LastProcessingResult")


@check("LambdaResponse.list_event_source_mappings", [-1])
def retries_of_a_mapping_in_a_list(aws: Aws) -> Any:
    _mapping(aws)
    listed = aws.client("lambda").list_event_source_mappings(FunctionName=aws.name)
    return [mapping.get("MaximumRetryAttempts") for mapping in listed["EventSourceMappings"]]


@check("LambdaResponse.update_event_source_mapping", "Updating")
def the_state_of_a_mapping_with_new_retries(aws: Aws) -> Any:
    uuid, client = _mapping(aws)["UUID"], aws.client("lambda")
    aws.pass_seconds(60)
    answer = client.update_event_source_mapping(UUID=uuid, MaximumRetryAttempts=3)
    return answer["State"]


@check("LambdaResponse.delete_event_source_mapping", "ResourceNotFoundException")
def a_mapping_some_time_after_it_was_deleted(aws: Aws) -> str:
    uuid, client = _mapping(aws)["UUID"], aws.client("lambda")
    aws.pass_seconds(60)
    deleted = client.delete_event_source_mapping(UUID=uuid)
    if deleted["State"] != "Deleting" or "LastProcessingResult" not in deleted:
        return str(deleted["State"])
    aws.pass_seconds(60)
    return outcome(lambda: client.get_event_source_mapping(UUID=uuid))


@check("LambdaBackend.list_tags", {"team": "seven"})
def tags_of_a_mapping(aws: Aws) -> Any:
    arn = _mapping(aws, Tags={"team": "seven"}).get("EventSourceMappingArn", _mapping_arn(aws))
    return _tags(aws, arn)


@check("LambdaBackend.tag_resource", {"team": "eight"})
def tags_added_to_a_mapping(aws: Aws) -> Any:
    arn = _mapping(aws).get("EventSourceMappingArn", _mapping_arn(aws))
    aws_lambda = aws.client("lambda")
    if outcome(lambda: aws_lambda.tag_resource(Resource=arn, Tags={"team": "eight"})) != "accepted":
        return "refused"
    return _tags(aws, arn)


@check("LambdaBackend.untag_resource", {})
def tags_removed_from_a_mapping(aws: Aws) -> Any:
    arn = _mapping(aws, Tags={"team": "seven"}).get("EventSourceMappingArn", _mapping_arn(aws))
    aws_lambda = aws.client("lambda")
    if outcome(lambda: aws_lambda.untag_resource(Resource=arn, TagKeys=["team"])) != "accepted":
        return "refused"
    return _tags(aws, arn)


def _invoke(aws: Aws, event: Any) -> Any:
    aws.function()
    answer = aws.client("lambda").invoke(FunctionName=aws.name, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read())


def _weights(aws: Aws) -> dict[str, Any]:
    return {"FunctionName": aws.name, "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}}


def _mapping(aws: Aws, **more: Any) -> dict[str, Any]:
    aws.function()
    answer: dict[str, Any] = aws.client("lambda").create_event_source_mapping(
        FunctionName=aws.name, EventSourceArn=aws.stream(), StartingPosition="LATEST", **more
    )
    return answer


def _mapping_arn(aws: Aws) -> str:
    return aws.arn("lambda", "event-source-mapping:7d8a52dd-3b79-4ec4-b2a0-d2b8b0a8d5c0")


def _tags(aws: Aws, arn: str) -> Any:
    client, tags = aws.client("lambda"), {}
    result = outcome(lambda: tags.update(client.list_tags(Resource=arn)["Tags"]))
    return tags if result == "accepted" else result
