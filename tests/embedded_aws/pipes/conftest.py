from __future__ import annotations

import pytest

from inventory_lab import Lab
from tests.embedded_aws.pipes.roads import Roads


@pytest.fixture
def roads(lab: Lab) -> Roads:
    lab.build(through="stream")
    return Roads(lab)
