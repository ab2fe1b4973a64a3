"""moto as it is, for what is tested without the lab's patches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import botocore.session
from moto.core.models import MockAWS

from inventory_lab.embedded_aws.performance.patches import answers


@contextmanager
def bare_moto(config: dict[str, Any] | None = None) -> Iterator[None]:
    """While open, moto answers. That the models of the services are read once is no part of what is tested."""
    moto = MockAWS(config)
    moto.start()
    try:
        with models_read_once():
            yield
    finally:
        moto.stop()


def models_read_once() -> Any:
    """While open, the models of the services are read from disk once, not by every session."""
    return mock.patch.object(botocore.session, "create_loader", answers.service_models)
