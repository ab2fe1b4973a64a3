"""One round of an event source mapping. Free of moto."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from inventory_lab.embedded_aws.awslambda.mapping_consumer import (
    MappingConsumer,
    MeasureAge,
    not_measured,
    processing_result,
)
from inventory_lab.embedded_aws.awslambda.mappings import EventSourceMapping
from inventory_lab.embedded_aws.polling.consumer import Clients
from inventory_lab.embedded_aws.polling.pollers import Key, Pollers, Role, mapping_reader
from inventory_lab.embedded_aws.polling.report import Round

SERVICE = "lambda.amazonaws.com"


def key_of(mapping: EventSourceMapping) -> Key:
    """Under which the pollers keep the mapping's place in the stream."""
    stream = mapping.configuration["EventSourceArn"].partition(":stream/")[2]
    function = mapping.configuration["FunctionArn"].split(":")[6]
    return Key(mapping.arn, mapping.created, mapping_reader(stream, function))


def poll(
    mapping: EventSourceMapping,
    pollers: Pollers,
    functions: Any,
    measure_age: MeasureAge = not_measured,
) -> Round:
    """Poll with the role of the mapping's function; `functions` is Lambda's own client, which invokes."""
    done = _round(mapping, pollers, functions, measure_age)
    result = processing_result(done)
    if result is not None:
        mapping.configuration["LastProcessingResult"] = result
    return done


def _round(
    mapping: EventSourceMapping, pollers: Pollers, functions: Any, measure_age: MeasureAge
) -> Round:
    function_arn = mapping.configuration["FunctionArn"]
    try:
        role = functions.get_function_configuration(FunctionName=function_arn)["Role"]
    except ClientError as exc:
        return Round(error=str(exc))

    def consumer(clients: Clients) -> MappingConsumer:
        return MappingConsumer.of(mapping.configuration, role, clients, functions, measure_age)

    unqualified = ":".join(function_arn.split(":")[:7])
    return pollers.poll(key_of(mapping), Role(role, SERVICE, unqualified), consumer)
