"""The contract is checked where an event is made and again where it is read, because a reader cannot trust its
writers. A `bool` is an `int` in Python, so `isinstance` lets `True` pass as one piece; comparing the type does not. The
error is MalformedEvent, the only one that the reader of a batch catches: the record is rejected with the reason,
and the batch goes on.
"""


# %% solution
def check_count(quantity):
    """Raise MalformedEvent unless the quantity is a whole number from 0 to 10^9."""
    from inventory_lab.domain.errors import MalformedEvent

    if type(quantity) is not int:
        raise MalformedEvent("quantity", "is not a whole number")
    if not 0 <= quantity <= 10**9:
        raise MalformedEvent("quantity", "is outside 0 to 1,000,000,000")


# %% right: isinstance, with bool asked for first, and an error for each problem
from inventory_lab.domain.events import MalformedEvent


def check_count(quantity):
    if isinstance(quantity, bool) or not isinstance(quantity, int):
        raise MalformedEvent("quantity", f"{quantity!r} is not a whole number")
    if quantity < 0:
        raise MalformedEvent(field="quantity", problem="is negative")
    if quantity > 1_000_000_000:
        raise MalformedEvent("quantity", "is too large")


# %% right: a match, a helper inside, annotations, and the number given back
def check_count(quantity: object) -> object:
    from inventory_lab.domain import errors, events

    def problem() -> str:
        match quantity:
            case bool():
                return "is true or false"
            case int() if 0 <= quantity <= events.LARGEST_QUANTITY:
                return ""
        return "is no whole number from 0 to 10^9"

    if problem():
        raise errors.MalformedEvent("quantity", problem())
    return quantity


# %% unchanged: raise MalformedEvent('quantity', 'is not a whole number') → raise MalformedEvent('quantity', 'is not a whole numberx') -- the text of the problem is free

# %% unchanged: raise MalformedEvent('quantity', 'is outside 0 to 1,000,000,000') → raise MalformedEvent('quantity', 'is outside 0 to 1,000,000,000x') -- the text of the problem is free


# %% wrong: In Python a bool is an int as well.
def check_count(quantity):
    from inventory_lab.domain.errors import MalformedEvent

    if not isinstance(quantity, int) or quantity < 0 or quantity > 1_000_000_000:
        raise MalformedEvent("quantity", f"is {quantity!r}, not a whole number from 0 to 10^9")


# %% wrong: any other error fails the whole batch
def check_count(quantity):
    from inventory_lab.domain.errors import MalformedEvent

    if quantity < 0 or quantity > 10**9 or type(quantity) is not int:
        raise MalformedEvent("quantity", f"is {quantity!r}, not a whole number from 0 to 10^9")


# %% wrong: ends with an error of its own, ValueError
def check_count(quantity):
    if type(quantity) is not int or not 0 <= quantity <= 10**9:
        raise ValueError(f"{quantity!r} is not a count")


# %% wrong: It refuses 0, which a shelf may hold
def check_count(quantity):
    from inventory_lab.domain.errors import MalformedEvent

    if type(quantity) is not int or not 0 < quantity <= 10**9:
        raise MalformedEvent("quantity", f"is {quantity!r}, not a whole number from 1 to 10^9")


# %% wrong: For the quantity -1 it returns False
def check_count(quantity):
    return type(quantity) is int and 0 <= quantity <= 10**9


# %% wrong: quantity True pass. In Python a bool
from inventory_lab.domain.events import MalformedEvent


def check_count(quantity):
    if quantity not in range(10**9 + 1):
        raise MalformedEvent("quantity", f"{quantity!r} is no count")


# %% wrong: which is defined outside the function
from inventory_lab.domain.events import MalformedEvent


LARGEST = 10**9


def check_count(quantity):
    if type(quantity) is not int or not 0 <= quantity <= LARGEST:
        raise MalformedEvent("quantity", f"{quantity!r} is no count")


# %% wrong: The problem of its MalformedEvent is -1
from inventory_lab.domain.events import MalformedEvent


def check_count(quantity):
    if type(quantity) is not int or not 0 <= quantity <= 10**9:
        raise MalformedEvent("quantity", quantity)


# %% wrong: and the reader goes on: raise MalformedEvent
from inventory_lab.domain.events import MalformedEvent


def check_count(quantity):
    if type(quantity) is not int or not 0 <= quantity <= 10**9:
        return MalformedEvent("quantity", "is no count")


# %% wrong: It uses Any, which is defined outside the function
from typing import Any

from inventory_lab.domain.events import MalformedEvent


def check_count(quantity: Any) -> None:
    if type(quantity) is not int or not 0 <= quantity <= 10**9:
        raise MalformedEvent("quantity", f"{quantity!r} is no count")


# %% wrong: It uses LARGEST, which is defined outside the function
from inventory_lab.domain.events import MalformedEvent

LARGEST = 10**9


def check_count(quantity, largest=LARGEST):
    if type(quantity) is not int or not 0 <= quantity <= largest:
        raise MalformedEvent("quantity", f"{quantity!r} is no count")


# %% wrong: define it under this name
from inventory_lab.domain.events import MalformedEvent


def check(quantity):
    if type(quantity) is not int or not 0 <= quantity <= 10**9:
        raise MalformedEvent("quantity", f"{quantity!r} is no count")


check_count = check
