"""A patch for speed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inventory_lab.embedded_aws.patching import Patch


def faster(owner: Any, name: str, signature: str, why: str, around: Callable[[Any], Any]) -> Patch:
    """A patch that changes no answer, which moto could take as it is."""
    return Patch(
        owner=owner,
        name=name,
        signature=signature,
        kind="speed",
        why=why,
        around=around,
        upstream=True,
    )
