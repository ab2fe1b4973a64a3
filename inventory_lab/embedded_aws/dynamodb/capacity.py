"""Item sizes and the capacity units that reads and writes consume. Free of moto.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

READ_BYTES, WRITE_BYTES = 4096, 1024
CONTAINER_BYTES = 3
LARGEST_NUMBER_BYTES = 21


def item_bytes(attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """The size of an item in DynamoDB's low-level format.

    >>> item_bytes({"id": {"S": "Phone"}, "stock": {"N": "18"}})
    14
    """
    return sum(len(name.encode()) + value_bytes(value) for name, value in attributes.items())


def value_bytes(value: Mapping[str, Any]) -> int:
    """The size of one typed value.

    >>> value_bytes({"S": "é"}), value_bytes({"N": "-12"}), value_bytes({"L": [{"BOOL": True}]})
    (2, 3, 5)
    """
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(str(content).encode())
        case "N":
            return _number_bytes(str(content))
        case "B":
            return _binary_bytes(content)
        case "SS" | "NS" | "BS":
            return sum(value_bytes({kind[0]: element}) for element in content)
        case "L":
            return CONTAINER_BYTES + sum(1 + value_bytes(element) for element in content)
        case "M":
            return CONTAINER_BYTES + sum(
                1 + len(name.encode()) + value_bytes(element) for name, element in content.items()
            )
    return 1  # NULL and BOOL


def read_units(size: int, consistent: bool) -> float:
    """The read units of an item or of all items of a page; half of them without consistency.

    >>> read_units(0, consistent=True), read_units(15_000, consistent=False)
    (1.0, 2.0)
    """
    units = float(max(1, -(-size // READ_BYTES)))
    return units if consistent else units / 2


def write_units(size: int) -> float:
    """The write units of an item; of an update, by the larger of the item before and after.

    >>> write_units(0), write_units(1025)
    (1.0, 2.0)
    """
    return float(max(1, -(-size // WRITE_BYTES)))


def _number_bytes(number: str) -> int:
    """About one byte for two significant digits and one more; a negative number has another."""
    sign, digits, _ = Decimal(number).as_tuple()
    significant = "".join(map(str, digits)).strip("0") or "0"
    return min(LARGEST_NUMBER_BYTES, -(-len(significant) // 2) + 1 + sign)


def _binary_bytes(content: bytes | str) -> int:
    return len(content if isinstance(content, bytes) else base64.b64decode(content))
