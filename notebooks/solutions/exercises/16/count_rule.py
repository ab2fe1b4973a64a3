"""A count replaces the stock, whatever it was: that is its whole point. A product that is not active is not counted:
an article number that was mistyped at the scanner must not create a product. The rule is pure. It asks neither
whether the event came before nor in which shard it was: watermark and memory have answered that when a rule is
called, and they protect a count as they protect a sale.
"""


# %% solution
def count_rule(item, event):
    """What a count leaves of the product: a Stock, or an Objection."""
    from inventory_lab.domain.inventory import Objection, Reason, Status, Stock

    if item.status is not Status.ACTIVE:
        return Objection(Reason.UNKNOWN_PRODUCT, f"the product is {item.status}, not active")
    return Stock(Status.ACTIVE, event.quantity)


# %% right: a match with the three statuses, and arguments by name
from inventory_lab.domain.inventory import Objection, Reason, Status, Stock


def count_rule(item, event) -> Stock | Objection:
    match item.status:
        case Status.ACTIVE:
            return Stock(quantity=event.quantity, status=item.status)
        case Status.REMOVED:
            return Objection(Reason.UNKNOWN_PRODUCT, f"{event.product_id} was removed")
        case Status.UNKNOWN:
            return Objection(Reason.UNKNOWN_PRODUCT, f"{event.product_id} was never added")


# %% right: a dictionary
def count_rule(item, event):
    from inventory_lab.domain import inventory as shop

    left = {shop.Status.ACTIVE: shop.Stock(shop.Status.ACTIVE, event.quantity)}
    objection = shop.Objection(detail="no such product", reason=shop.Reason("UnknownProduct"))
    return left.get(item.status, objection)


# %% unchanged: return Objection(Reason.UNKNOWN_PRODUCT, f'the product is {item.status}, not active') → return Objection(Reason.UNKNOWN_PRODUCT, f'the product is x{item.status}, not active') -- the text of the detail is free

# %% unchanged: return Objection(Reason.UNKNOWN_PRODUCT, f'the product is {item.status}, not active') → return Objection(Reason.UNKNOWN_PRODUCT, f'the product is {item.status}, not activex') -- the text of the detail is free


# %% wrong: A count says how many there are, not how many came.
def count_rule(item, event):
    from inventory_lab.domain.inventory import Objection, Reason, Status, Stock

    if item.status is not Status.ACTIVE:
        return Objection(Reason.UNKNOWN_PRODUCT, "it is not active")
    return Stock(Status.ACTIVE, item.quantity + event.quantity)


# %% wrong: A typing error at the scanner would put a product into the catalogue
def count_rule(item, event):
    from inventory_lab.domain.inventory import Status, Stock

    return Stock(Status.ACTIVE, event.quantity)


# %% wrong: a product that was removed it returns nothing
def count_rule(item, event):
    from inventory_lab.domain.inventory import Objection, Reason, Status, Stock

    if item.status is Status.UNKNOWN:
        return Objection(Reason.UNKNOWN_PRODUCT, "nobody added it")
    if item.status is Status.ACTIVE:
        return Stock(Status.ACTIVE, event.quantity)


# %% wrong: it returns 12: return a Stock or an Objection
def count_rule(item, event):
    from inventory_lab.domain.inventory import Objection, Reason, Status

    if item.status is not Status.ACTIVE:
        return Objection(Reason.UNKNOWN_PRODUCT, "it is not active")
    return event.quantity


# %% wrong: the product is removed afterwards, not active
def count_rule(item, event):
    from inventory_lab.domain.inventory import Objection, Reason, Status, Stock

    if item.status is not Status.ACTIVE:
        return Objection(Reason.UNKNOWN_PRODUCT, "it is not active")
    if event.quantity == 0:
        return Stock(Status.REMOVED, 0)
    return Stock(Status.ACTIVE, event.quantity)


# %% wrong: the reason is MalformedEvent, not UnknownProduct
def count_rule(item, event):
    from inventory_lab.domain.inventory import Objection, Reason, Status, Stock

    if item.status is not Status.ACTIVE:
        return Objection(Reason.MALFORMED_EVENT, "it is not active")
    return Stock(Status.ACTIVE, event.quantity)


# %% wrong: The status is its first argument
from inventory_lab.domain.inventory import Objection, Reason, Status, Stock


def count_rule(item, event):
    if item.status is not Status.ACTIVE:
        return Objection(Reason.UNKNOWN_PRODUCT, "not in the catalogue")
    return Stock(event.quantity, Status.ACTIVE)


# %% wrong: give another result the second time
from inventory_lab.domain.inventory import Objection, Reason, Status, Stock


def count_rule(item, event):
    from time import time_ns

    if item.status is not Status.ACTIVE:
        return Objection(Reason.UNKNOWN_PRODUCT, f"not in the catalogue at {time_ns()}")
    return Stock(Status.ACTIVE, event.quantity)


# %% wrong: It uses Item, which is defined outside the function
from inventory_lab.domain.inventory import Item, Objection, Reason, Status, Stock


def count_rule(item: Item, event):
    if item.status is not Status.ACTIVE:
        return Objection(Reason.UNKNOWN_PRODUCT, "not in the catalogue")
    return Stock(Status.ACTIVE, event.quantity)
