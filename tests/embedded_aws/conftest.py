from __future__ import annotations

from collections.abc import Iterator

import pytest

from inventory_lab import Lab, connect
from tests.embedded_aws.lambda_function import Probe
from tests.embedded_aws.principals import MakePerson, Person, Policy


@pytest.fixture
def probe(lab: Lab) -> Probe:
    lab.build(through="table")
    probe = Probe(lab)
    probe.allow("logs:*")
    return probe


@pytest.fixture(scope="module")
def shared() -> Iterator[Lab]:
    """One built lab for tests that leave the pipeline as it is."""
    with connect() as lab:
        lab.build()
        yield lab


@pytest.fixture
def person(shared: Lab, request: pytest.FixtureRequest) -> MakePerson:
    made = iter(range(100))

    def make(*policies: Policy) -> Person:
        name = f"{abs(hash(request.node.name))}-{next(made)}"
        return Person(shared, name, *policies)

    return make
