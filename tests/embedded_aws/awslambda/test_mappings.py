"""The five operations on event source mappings: what AWS checks, answers and refuses.

Pages, below https://docs.aws.amazon.com/lambda/latest/: api/API_CreateEventSourceMapping.html [AC],
api/API_UpdateEventSourceMapping.html [AU], dg/services-kinesis-create.html [LC],
dg/with-kinesis-filtering.html [LI], dg/services-kinesis-parameters.html [LP].
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from inventory_lab import Lab
from inventory_lab.embedded_aws.awslambda.mappings import LISTS, READS
from inventory_lab.exceptions import UnsupportedFunction
from tests.embedded_aws.lambda_function import ARN, ROLE, DeployedFunction
from tests.embedded_aws.principals import STREAM, allow

ECHO = "def handle(event, context):\n    print(len(event['Records']))\n"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:inventory-pipe-dlq"


@pytest.fixture
def reader(probe: DeployedFunction) -> DeployedFunction:
    """A function that may read the stream."""
    probe.create(ECHO)
    probe.allow("logs:*", "kinesis:*", "sqs:*")
    return probe


def create(probe: DeployedFunction, **changes: Any) -> Any:
    request = {
        "FunctionName": "probe",
        "EventSourceArn": STREAM,
        "StartingPosition": "TRIM_HORIZON",
    } | changes
    present = {name: value for name, value in request.items() if value is not None}
    return probe.client.create_event_source_mapping(**present)


def refused(probe: DeployedFunction, **changes: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as raised:
        create(probe, **changes)
    error: dict[str, Any] = raised.value.response["Error"]
    assert probe.client.list_event_source_mappings()["EventSourceMappings"] == []
    return error


def put(lab: Lab, count: int = 1) -> None:
    kinesis = lab.session("root").client("kinesis")
    for number in range(count):
        kinesis.put_record(
            StreamName="e-commerce-streaming", PartitionKey=str(number), Data=b'{"kind": 1}'
        )


def test_the_answer_has_the_defaults_of_aws(reader: DeployedFunction) -> None:  # [LP]
    answer = create(reader)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["EventSourceMappingArn"].endswith(f":event-source-mapping:{answer['UUID']}")
    expected = {
        "BatchSize": 100,
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {"OnFailure": {}},
        "EventSourceArn": STREAM,
        "FunctionArn": ARN,
        "FunctionResponseTypes": [],
        "LastProcessingResult": "No records processed",
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1,
        "ParallelizationFactor": 1,
        "StartingPosition": "TRIM_HORIZON",
        "State": "Creating",
        "StateTransitionReason": "User action",
        "TumblingWindowInSeconds": 0,
    }
    assert expected.items() <= answer.items()


def test_a_mapping_is_enabled_and_says_how_the_last_batch_went(
    reader: DeployedFunction,
) -> None:  # [AC]
    uuid = create(reader)["UUID"]
    put(reader.lab)
    assert reader.lab.pump().invocations == 1
    mapping = reader.client.get_event_source_mapping(UUID=uuid)
    assert (mapping["State"], mapping["LastProcessingResult"]) == ("Enabled", "OK")
    reader.update("def handle(event, context):\n    1 / 0\n")
    put(reader.lab)
    reader.lab.pump()
    mapping = reader.client.get_event_source_mapping(UUID=uuid)
    assert mapping["LastProcessingResult"] == "PROBLEM: Function call failed"


@pytest.mark.parametrize("missing", [*READS, LISTS])
def test_creation_fails_when_the_role_cannot_read_the_stream(
    missing: str, probe: DeployedFunction
) -> None:  # [LC]
    probe.create(ECHO)
    probe.allow(*{*READS, LISTS} - {missing})
    error = refused(probe)
    assert error["Code"] == "InvalidParameterValueException"
    assert error["Message"] == (
        f"Cannot access stream {STREAM}. Please ensure the role can perform the GetRecords, "
        "GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM."
    )


def test_list_streams_has_no_resource_so_a_grant_on_the_stream_gives_nothing(
    probe: DeployedFunction,
) -> None:  # service authorization reference of Kinesis
    probe.create(ECHO)
    probe.allow(*READS)
    probe.root.client("iam").put_role_policy(
        RoleName=ROLE, PolicyName="list", PolicyDocument=json.dumps(allow(LISTS, STREAM))
    )
    assert refused(probe)["Message"].startswith("Cannot access stream")


def test_creation_fails_when_the_role_cannot_send_to_the_destination(
    probe: DeployedFunction,
) -> None:  # [LC]
    probe.create(ECHO)
    probe.allow("kinesis:*")
    error = refused(probe, DestinationConfig={"OnFailure": {"Destination": QUEUE}})
    assert error["Message"] == (
        "The provided execution role does not have permissions to call SendMessage on SQS"
    )


def test_the_role_is_asked_again_while_polling(reader: DeployedFunction) -> None:  # [LC]
    uuid = create(reader)["UUID"]
    reader.allow("logs:*")
    put(reader.lab)
    assert "is not authorized to perform: kinesis:ListShards" in reader.lab.pump().error
    result = reader.client.get_event_source_mapping(UUID=uuid)["LastProcessingResult"]
    assert result.startswith("PROBLEM: ")
    reader.allow("logs:*", "kinesis:*")
    assert reader.lab.pump().invocations == 1


def test_the_mapping_needs_no_permission_to_invoke_its_function(
    reader: DeployedFunction,
) -> None:  # [LC]
    create(reader)
    put(reader.lab)
    assert "lambda:InvokeFunction" not in json.dumps(
        reader.root.client("iam").get_role_policy(RoleName=ROLE, PolicyName="of-the-probe")
    )
    assert reader.lab.pump().invocations == 1


def test_a_stream_and_a_function_have_one_mapping(reader: DeployedFunction) -> None:  # [AC]
    uuid = create(reader)["UUID"]
    with pytest.raises(reader.client.exceptions.ResourceConflictException) as raised:
        create(reader)
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert raised.value.response["Error"]["Message"] == (
        f'The event source arn (" {STREAM} ") and function (" probe ") provided mapping already '
        f"exists. Please update or delete the existing mapping with UUID {uuid}"
    )


REFUSALS = [
    ({"BatchSize": 10_001}, "ValidationException", "'batchSize'.*less than or equal to 10000"),
    ({"ParallelizationFactor": 11}, "ValidationException", "'parallelizationFactor'"),
    ({"MaximumRetryAttempts": 10_001}, "ValidationException", "'maximumRetryAttempts'"),
    ({"MaximumBatchingWindowInSeconds": 301}, "ValidationException", "'maximumBatchingWindow"),
    ({"MaximumRecordAgeInSeconds": 604_801}, "ValidationException", "'maximumRecordAge"),
    ({"MaximumRecordAgeInSeconds": 59}, "InvalidParameterValueException", "-1 or at least 60"),
    ({"StartingPosition": None}, "InvalidParameterValueException", "Value null at 'startingPos"),
    ({"StartingPosition": "0"}, "ValidationException", r"\[LATEST, AT_TIMESTAMP, TRIM_HORIZON\]"),
    ({"StartingPositionTimestamp": 1}, "InvalidParameterValueException", "Timestamp only valid"),
    ({"StartingPosition": "AT_TIMESTAMP"}, "InvalidParameterValueException", "Timestamp"),
    ({"FunctionName": "nobody"}, "InvalidParameterValueException", "^Function does not exist$"),
    ({"EventSourceArn": None}, "InvalidParameterValueException", "^Unrecognized event source.$"),
    ({"EventSourceArn": f"{STREAM}-2"}, "InvalidParameterValueException", "Stream not found"),
    (
        {"DestinationConfig": {"OnFailure": {"Destination": f"{QUEUE}.fifo"}}},
        "InvalidParameterValueException",
        "standard queue or topic",
    ),
]


@pytest.mark.parametrize(("changes", "code", "text"), REFUSALS, ids=lambda value: str(value)[:40])
def test_what_aws_refuses_is_refused_with_its_error(
    changes: dict[str, Any], code: str, text: str, reader: DeployedFunction
) -> None:  # [AC]
    import re

    error = refused(reader, **changes)
    assert error["Code"] == code
    assert re.search(text, error["Message"])


@pytest.mark.parametrize(
    "pattern",
    [
        '{"partitionKey": ["a"]}',
        '{"data": {"kind": []}}',
        "no json",
        '{"$or": [{"awsRegion": ["x"]}]}',
    ],
)
def test_a_filter_looks_into_data_alone(pattern: str, reader: DeployedFunction) -> None:  # [LI]
    error = refused(reader, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    assert error["Code"] == "InvalidParameterValueException"
    assert error["Message"].startswith("Invalid filter pattern definition.")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"TumblingWindowInSeconds": 5}, "TumblingWindowInSeconds"),
        ({"KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:alias/aws/lambda"}, "KMSKeyArn"),
        ({"MetricsConfig": {"Metrics": ["EventCount"]}}, "MetricsConfig"),
        ({"EventSourceArn": QUEUE}, QUEUE),
        ({"EventSourceArn": f"{STREAM}/consumer/c:1"}, "consumer"),
        ({"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::bucket"}}}, "bucket"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_the_lab_cannot_do_is_refused_by_name(
    changes: dict[str, Any], named: str, reader: DeployedFunction
) -> None:
    with pytest.raises(UnsupportedFunction, match=named):
        create(reader, **changes)


def test_a_mapping_that_is_switched_off_goes_on_where_it_was(
    reader: DeployedFunction,
) -> None:  # [AU]
    uuid = create(reader)["UUID"]
    put(reader.lab)
    reader.lab.pump()
    update = reader.client.update_event_source_mapping
    assert update(UUID=uuid, Enabled=False)["State"] == "Disabling"
    assert reader.client.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"
    put(reader.lab)
    assert reader.lab.pump().invocations == 0
    assert update(UUID=uuid, Enabled=True)["State"] == "Enabling"
    done = reader.lab.pump()
    assert (done.invocations, done.records) == (1, 1)


def test_a_mapping_can_be_created_disabled(reader: DeployedFunction) -> None:  # [AC]
    uuid = create(reader, Enabled=False)["UUID"]
    assert reader.client.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"
    put(reader.lab)
    assert reader.lab.pump().invocations == 0


def test_an_update_changes_what_it_names_and_is_checked(reader: DeployedFunction) -> None:  # [AU]
    pattern = {"Filters": [{"Pattern": '{"data": {"kind": [2]}}'}]}
    uuid = create(reader, FilterCriteria=pattern, MaximumRetryAttempts=3)["UUID"]
    update = reader.client.update_event_source_mapping
    answer = update(UUID=uuid, BatchSize=7)
    assert (answer["State"], answer["BatchSize"]) == ("Updating", 7)
    assert (answer["MaximumRetryAttempts"], answer["FilterCriteria"]) == (3, pattern)
    assert "FilterCriteria" not in update(UUID=uuid, FilterCriteria={})
    with pytest.raises(ClientError, match="less than or equal to 10000"):
        update(UUID=uuid, BatchSize=10_001)
    reader.allow("logs:*")
    with pytest.raises(ClientError, match="Cannot access stream"):
        update(UUID=uuid, BatchSize=8)
    assert reader.client.get_event_source_mapping(UUID=uuid)["BatchSize"] == 7


def test_what_is_deleted_is_gone(reader: DeployedFunction) -> None:
    uuid = create(reader)["UUID"]
    assert reader.client.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    for act in (reader.client.get_event_source_mapping, reader.client.delete_event_source_mapping):
        with pytest.raises(reader.client.exceptions.ResourceNotFoundException) as raised:
            act(UUID=uuid)
        message = raised.value.response["Error"]["Message"]
        assert message == "The resource you requested does not exist."
    put(reader.lab)
    assert reader.lab.pump().invocations == 0


def test_a_mapping_outlives_its_function_and_says_so(reader: DeployedFunction) -> None:
    uuid = create(reader)["UUID"]
    reader.client.delete_function(FunctionName="probe")
    put(reader.lab)
    reader.lab.pump()
    mapping = reader.client.get_event_source_mapping(UUID=uuid)
    assert mapping["LastProcessingResult"].startswith("PROBLEM: ")


def test_mappings_are_listed_by_stream_and_by_function(reader: DeployedFunction) -> None:
    uuid = create(reader)["UUID"]
    for by in ({}, {"FunctionName": "probe"}, {"FunctionName": ARN}, {"EventSourceArn": STREAM}):
        [mapping] = reader.client.list_event_source_mappings(**by)["EventSourceMappings"]
        assert mapping["UUID"] == uuid
    for by in ({"FunctionName": "other"}, {"EventSourceArn": f"{STREAM}-2"}):
        assert reader.client.list_event_source_mappings(**by)["EventSourceMappings"] == []


def test_mappings_are_listed_page_by_page(reader: DeployedFunction) -> None:
    kinesis = reader.lab.session("root").client("kinesis")
    kinesis.create_stream(StreamName="second", ShardCount=1)
    second = STREAM.rpartition("/")[0] + "/second"
    expected = [create(reader)["UUID"], create(reader, EventSourceArn=second)["UUID"]]
    pages = reader.client.get_paginator("list_event_source_mappings").paginate(
        PaginationConfig={"PageSize": 1}
    )
    listed = [[entry["UUID"] for entry in page["EventSourceMappings"]] for page in pages]
    assert listed == [[uuid] for uuid in expected]


def test_a_marker_that_no_page_returned_is_refused(reader: DeployedFunction) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        reader.client.list_event_source_mappings(Marker="nonsense")


def test_a_mapping_has_tags(reader: DeployedFunction) -> None:  # [AC]
    arn = create(reader, Tags={"project": "a"})["EventSourceMappingArn"]
    reader.client.tag_resource(Resource=arn, Tags={"owner": "b"})
    reader.client.untag_resource(Resource=arn, TagKeys=["project"])
    assert reader.client.list_tags(Resource=arn)["Tags"] == {"owner": "b"}
