"""An event is a fact in the past tense: a product was added, its quantity changed, it was removed. Three
sales are three facts, so they are three events. When somebody asks in a year what happened, the sum alone
could not tell. The stock itself is in no event but the first: it follows from them.
"""


# %% solution
def first_events(product, stock, sales):
    """The events of a day: the product arrives, is sold, and is removed when nothing is left."""
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    events = [ProductAdded(product, stock)]
    events += [QuantityChanged(product, -sold) for sold in sales]
    if sum(sales) == stock:
        events.append(ProductRemoved(product))
    return events


# %% right: it counts what is left, with the parameters by name
from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged


def first_events(product: str, stock: int, sales: list[int]) -> list:
    left = stock
    day = [ProductAdded(product_id=product, quantity=stock)]
    for pieces in sales:
        left = left - pieces
        day.append(QuantityChanged(product_id=product, delta=-1 * pieces))
    if not left:
        day.append(ProductRemoved(product_id=product))
    print(f"{product}: {left} left")
    return day


# %% right: a lambda
from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

first_events = lambda product, stock, sales: [
    ProductAdded(product, stock),
    *(QuantityChanged(product, -s) for s in sales),
    *([ProductRemoved(product)] if sum(sales) >= stock else []),
]


# %% right: it takes the sales from a copy of the list
from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged


def first_events(product, stock, sales):
    todo = sales[:]
    events = [ProductAdded(product, stock)]
    while todo:
        events.append(QuantityChanged(product, -todo.pop(0)))
    match sum(sales):
        case total if total == stock:
            events.append(ProductRemoved(product))
    return events


# %% right: it gives the ids itself
from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged
import uuid


def first_events(product, stock, sales):
    def new():
        return str(uuid.uuid4())

    out = [ProductAdded(product_id=product, quantity=stock, event_id=new())]
    for s in sales:
        out.append(QuantityChanged(product, delta=0 - s, event_id=new()))
    if stock == sum(sales):
        out.append(ProductRemoved(product, event_id=new()))
    return out


# %% wrong: the stock grows: a sale is a negative number
def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    events = [ProductAdded(product, stock)]
    events += [QuantityChanged(product, sold) for sold in sales]
    if sum(sales) == stock:
        events.append(ProductRemoved(product))
    return events


# %% wrong: make one event per sale
def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    events = [ProductAdded(product, stock)]
    if sales:
        events.append(QuantityChanged(product, -sum(sales)))
    if sum(sales) == stock:
        events.append(ProductRemoved(product))
    return events


# %% wrong: nothing is left, and the product is not removed
def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    return [ProductAdded(product, stock)] + [QuantityChanged(product, -n) for n in sales]


# %% wrong: pieces are left, and the product is removed all the same
def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    changes = [QuantityChanged(product, -n) for n in sales]
    return [ProductAdded(product, stock), *changes, ProductRemoved(product)]


# %% wrong: an event has another product
def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    events = [ProductAdded("Tablet", stock)]
    events += [QuantityChanged("Tablet", -n) for n in sales]
    if sum(sales) == stock:
        events.append(ProductRemoved("Tablet"))
    return events


# %% wrong: Return a list of events
def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    return ProductAdded(product, stock)


# %% wrong: It returns nothing. Return a list of events
def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    events = [ProductAdded(product, stock)]
    for sold in sales:
        events.append(QuantityChanged(product, -sold))
    if sum(sales) == stock:
        events.append(ProductRemoved(product))


# %% wrong: It returns a generator. Return a list of events
def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    yield ProductAdded(product, stock)
    for sold in sales:
        yield QuantityChanged(product, -sold)
    if sum(sales) == stock:
        yield ProductRemoved(product)


# %% wrong: It returns a list with the class ProductRemoved
def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    events = [ProductAdded(product, stock)]
    for sold in sales:
        events.append(QuantityChanged(product, -sold))
    if sum(sales) == stock:
        events.append(ProductRemoved)
    return events


# %% wrong: It returns a list with a dict
def first_events(product, stock, sales):
    events = [{"event_type": "product_added", "product_id": product, "quantity": stock}]
    for sold in sales:
        events.append({"event_type": "quantity_changed", "product_id": product, "delta": -sold})
    return events


# %% wrong: the changes are [-3]: expected one per sale
def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    events = [ProductAdded(product, stock)]
    for sold in sales[:-1]:
        events.append(QuantityChanged(product, -sold))
    if sum(sales) == stock:
        events.append(ProductRemoved(product))
    return events


# %% wrong: It changes the list `sales`
def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    events = [ProductAdded(product, stock)]
    left = stock
    while sales:
        sold = sales.pop(0)
        left -= sold
        events.append(QuantityChanged(product, -sold))
    if left == 0:
        events.append(ProductRemoved(product))
    return events


# %% wrong: Two events have the same event_id on the day of Kettle
def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    change = {sold: QuantityChanged(product, -sold) for sold in sales}
    events = [ProductAdded(product, stock)]
    for sold in sales:
        events.append(change[sold])
    if sum(sales) == stock:
        events.append(ProductRemoved(product))
    return events


# %% wrong: Two events have the same event_id on the day of Oven
def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    events = [ProductAdded(product, stock, event_id="added")]
    for sold in sales:
        events.append(QuantityChanged(product, -sold))
    if sum(sales) == stock:
        events.append(ProductRemoved(product))
    return events


# %% wrong: It returns the events of an earlier call as well.
events = []


def first_events(product, stock, sales):
    from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged

    events.append(ProductAdded(product, stock))
    for sold in sales:
        events.append(QuantityChanged(product, -sold))
    if sum(sales) == stock:
        events.append(ProductRemoved(product))
    return events


# %% wrong: the product is added more than once
from inventory_lab import ProductAdded, ProductRemoved, QuantityChanged


def first_events(product, stock, sales):
    events = [ProductAdded(product, stock)]
    for s in sales:
        events.append(ProductAdded(product, stock))
        events.append(QuantityChanged(product, -s))
    if sum(sales) == stock:
        events.append(ProductRemoved(product))
    return events
