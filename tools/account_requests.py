"""Every request that build, publish and teardown send to a real account, in files for review.

`python -m tools.account_requests` writes them to tests/backends/requests; a test compares them with what
is sent now, so that a changed request is seen in the diff of these files. A request that follows an equal one (AWS
is asked again until it is ready) stands there once.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from botocore.client import BaseClient
from moto.core.models import MockAWS

from inventory_lab.backends.aws import RealAws
from inventory_lab.embedded_aws.clock import LabClock
from inventory_lab.lab import AWS_PREFIX, Lab
from inventory_lab.producer.publisher import RawRecord
from inventory_lab.settings import Settings

FOLDER = Path(__file__).parents[1] / "tests" / "backends" / "requests"
SETTINGS = Settings(
    prefix=AWS_PREFIX, reader="both", commit_concurrency=16, log_retention_days=14, owner="anna"
)
OPTIONS = replace(
    SETTINGS,
    reader="pipe",
    point_in_time_recovery=True,
    deletion_protection=True,
    encryption=True,
    alarms=True,
    alarm_action="arn:aws:sns:us-east-1:123456789012:on-call",
)
DOCUMENTS = ("AssumeRolePolicyDocument", "Policy", "PolicyDocument")
UNSTABLE = {
    "AccessKeyId": "<access key>",
    "UUID": "<mapping>",
    "Resource": "<mapping>",
    "ZipFile": "<zip>",
}
"""Members that differ from run to run, or are not to be read."""

Request = dict[str, Any]


def recorded() -> dict[str, list[Request]]:
    """The requests of each step, in order."""
    steps = {"build": Lab.build, "build_again": Lab.build, "teardown": Lab.teardown}
    without_a_reader = {"stream": _build_stream, "publish": _publish}
    options = {"build_with_options": Lab.build}
    by_step = _recorded(steps) | _recorded(without_a_reader) | _recorded(options, OPTIONS)
    del by_step["stream"]
    return by_step


def _build_stream(lab: Lab) -> None:
    lab.build(through="stream")


def _publish(lab: Lab) -> None:
    lab.publish(RawRecord("Phone", b"{}"))


def _recorded(
    steps: Mapping[str, Callable[[Lab], object]], settings: Settings = SETTINGS
) -> dict[str, list[Request]]:
    """The requests of steps, one after the other on the same account."""
    requests: list[Request] = []
    by_step: dict[str, list[Request]] = {}
    with _account(), _recording(requests), _lab(settings) as lab:
        for name, step in steps.items():
            requests.clear()
            step(lab)
            by_step[name] = _without_repetitions(requests)
    return by_step


def path_of(step: str) -> Path:
    """The file of a step."""
    return FOLDER / f"{step}.json"


def text_of(requests: list[Request]) -> str:
    """The content of a file."""
    return json.dumps(requests, indent=1, ensure_ascii=False) + "\n"


@contextmanager
def _account() -> Iterator[None]:
    mock = MockAWS()
    with patch.dict(os.environ, {"AWS_DEFAULT_REGION": SETTINGS.region}):
        mock.start()
        try:
            yield
        finally:
            mock.stop()


def _lab(settings: Settings) -> Lab:
    return Lab(RealAws(settings, LabClock(), boto3.Session()), settings)


@contextmanager
def _recording(requests: list[Request]) -> Iterator[None]:
    """Inside, every request of every client is appended to the list."""
    call = BaseClient._make_api_call

    def record(client: Any, operation: str, parameters: Any) -> Any:
        service = client.meta.service_model.service_name
        request = {"service": service, "operation": operation, "parameters": _readable(parameters)}
        requests.append(request)
        return call(client, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", record):
        yield


def _readable(value: Any, member: str = "") -> Any:
    """A request without what differs from run to run; a policy as JSON instead of a text."""
    if isinstance(value, dict):
        return {key: _readable(part, key) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(part) for part in value]
    if member == "Resource" and ":event-source-mapping:" not in str(value):
        return value
    if member in UNSTABLE:
        return UNSTABLE[member]
    if member in DOCUMENTS:
        return json.loads(value)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _without_repetitions(requests: list[Request]) -> list[Request]:
    return [r for before, r in zip([None, *requests], requests, strict=False) if r != before]


def main() -> None:
    """Write the files."""
    FOLDER.mkdir(exist_ok=True)
    for step, requests in recorded().items():
        path_of(step).write_text(text_of(requests), encoding="utf-8")
        print(f"{path_of(step).relative_to(FOLDER.parents[2])}: {len(requests)} requests")


if __name__ == "__main__":
    main()
