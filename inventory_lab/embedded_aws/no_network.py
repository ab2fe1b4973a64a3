"""Nothing leaves the machine: no request over the network, no configuration of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.httpsession

from inventory_lab.embedded_aws.patching import Patch, hook
from inventory_lab.exceptions import UnmockedCall


def patches() -> list[Patch]:
    """What refuses a request that botocore would send; a call that moto answers never gets this far."""
    return [
        hook(
            botocore.httpsession.URLLib3Session,
            "send",
            "(self, request)",
            "a call that nothing in this process answers is refused",
            _refuse,
        )
    ]


def _refuse(_: Any, request: Any) -> Any:
    raise UnmockedCall(request.url.partition("?")[0])


@contextmanager
def isolated_environ(region: str) -> Iterator[None]:
    """Set the AWS configuration of this machine aside: profiles, endpoints, keys, metadata address."""
    saved = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": region,
    }
    try:
        yield
    finally:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ |= {name: value for name, value in saved.items() if name.startswith("AWS_")}
