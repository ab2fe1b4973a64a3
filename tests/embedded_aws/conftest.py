from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from inventory_lab import Lab, connect
from tests.embedded_aws.lambda_function import DeployedFunction
from tests.embedded_aws.principals import MakePrincipal, Policy, Principal

NUMBERS = count(1)


@pytest.fixture
def probe(lab: Lab) -> DeployedFunction:
    lab.build(through="table")
    probe = DeployedFunction(lab)
    probe.allow("logs:*")
    return probe


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    """One built lab for tests that leave the pipeline as it is."""
    with connect() as lab:
        lab.build()
        yield lab


@pytest.fixture
def person(shared: Lab) -> MakePrincipal:
    def make(*policies: Policy) -> Principal:
        return Principal(shared, f"person-{next(NUMBERS)}", *policies)

    return make
