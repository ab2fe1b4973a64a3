from __future__ import annotations

import pytest

from inventory_lab import Lab
from tests.local.probe import Probe


@pytest.fixture
def probe(lab: Lab) -> Probe:
    lab.build(through="table")
    probe = Probe(lab)
    probe.allow("logs:*")
    return probe
