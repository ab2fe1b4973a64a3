"""A model is the simplest program that is obviously right: no batches, no watermarks, no AWS. It is written from the table
of the contract, not from the handler, so that the same mistake is unlikely in both. Each event comes once
and in order, because the storm itself removes repetitions before it asks the model. What does not fit is rejected, and
leaves the stock as it is.
"""


# %% solution
def expected_stock(events):
    """The quantity of every product in the catalogue after these events, each given once."""
    stock = {}
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if kind == "product_added":
            stock.setdefault(product, event["quantity"])
        elif product not in stock:
            continue
        elif kind == "product_removed":
            del stock[product]
        elif kind == "stock_counted":
            stock[product] = event["quantity"]
        elif kind == "quantity_changed" and stock[product] + event["delta"] >= 0:
            stock[product] += event["delta"]
    return stock


# %% right: a match with conditions
def expected_stock(events):
    stock = {}
    for event in events:
        match event:
            case {"event_type": "product_added", "product_id": p, "quantity": q} if p not in stock:
                stock[p] = q
            case {"event_type": "product_removed", "product_id": p}:
                stock.pop(p, None)
            case {"event_type": "stock_counted", "product_id": p, "quantity": q} if p in stock:
                stock[p] = q
            case {"event_type": "quantity_changed", "product_id": p, "delta": d} if p in stock:
                stock[p] = stock[p] + d if stock[p] + d >= 0 else stock[p]
    return stock


# %% right: a class with a method, and a memory of ids that bears events without one
class Shop(dict):
    def apply(self, event):
        kind, product = event["event_type"], event["product_id"]
        if (product in self) == (kind == "product_added"):
            return
        if kind == "product_removed":
            self.pop(product)
        elif "quantity" in event:
            self[product] = event["quantity"]
        elif self[product] >= -event["delta"]:
            self[product] += event["delta"]


def expected_stock(events: list[dict]) -> dict[str, int]:
    shop, seen = Shop(), set()
    for event in events:
        event_id = event.get("event_id")
        if event_id is None or event_id not in seen:
            seen.add(event_id)
            shop.apply(event)
    return shop


# %% unchanged: continue → pass -- nothing follows the branches in the loop


# %% wrong: A count of an unknown product is rejected.
def expected_stock(events):
    stock = {}
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if kind == "stock_counted":
            stock[product] = event["quantity"]
        elif kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed" and product in stock:
            del stock[product]
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: A sale of more than was counted is rejected.
def expected_stock(events):
    stock = {}
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed" and product in stock:
            del stock[product]
        elif kind == "stock_counted" and product in stock:
            stock[product] = event["quantity"]
        elif kind == "quantity_changed" and product in stock:
            stock[product] = stock[product] + event["delta"]
    return stock


# %% wrong: A second addition is rejected.
def expected_stock(events):
    stock = {}
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if kind == "product_added":
            stock[product] = event["quantity"]
        elif kind == "product_removed" and product in stock:
            del stock[product]
        elif kind == "stock_counted" and product in stock:
            stock[product] = event["quantity"]
        elif kind == "quantity_changed" and stock.get(product, -1) + event["delta"] >= 0:
            stock[product] += event["delta"]
    return stock


# %% wrong: A count replaces the stock.
def expected_stock(events):
    stock = {}
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed" and product in stock:
            del stock[product]
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: The shelf is empty.
def expected_stock(events):
    stock = {}
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == "stock_counted" and stock.get(product):
            stock[product] = event["quantity"] or stock[product]
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: return a dict of product and quantity
def expected_stock(events):
    stock = {}
    for event in events:
        if event["event_type"] == "stock_counted":
            stock[event["product_id"]] = event["quantity"]


# %% wrong: A product with an empty shelf is still in the catalogue.
def expected_stock(events):
    stock = {}
    for event in events:
        product, kind = event["product_id"], event["event_type"]
        if kind == "product_added":
            if product not in stock:
                stock[product] = event["quantity"]
        elif kind == "stock_counted":
            if stock.get(product):
                stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif product in stock and stock[product] + event["delta"] >= 0:
            stock[product] += event["delta"]
    return stock


# %% wrong: A second addition is rejected, also when the shelf is empty.
def expected_stock(events):
    stock = {}
    for event in events:
        product, kind = event["product_id"], event["event_type"]
        if kind == "product_added":
            if not stock.get(product):
                stock[product] = event["quantity"]
        elif kind == "stock_counted":
            if product in stock:
                stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif product in stock and stock[product] + event["delta"] >= 0:
            stock[product] += event["delta"]
    return stock


# %% wrong: A delivery may be larger than the stock.
def expected_stock(events):
    stock = {}
    for event in events:
        product, kind = event["product_id"], event["event_type"]
        if kind == "product_added":
            if product not in stock:
                stock[product] = event["quantity"]
        elif kind == "stock_counted":
            if product in stock:
                stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif abs(event["delta"]) <= stock.get(product, -1):
            stock[product] += event["delta"]
    return stock


# %% wrong: Leave out the memory of ids.
def expected_stock(events):
    stock, seen = {}, set()
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            continue
        seen.add(event["event_id"])
        if kind == "product_added":
            stock.setdefault(product, event["quantity"])
        elif product in stock and kind == "product_removed":
            del stock[product]
        elif product in stock and kind == "stock_counted":
            stock[product] = event["quantity"]
        elif product in stock and stock[product] + event["delta"] >= 0:
            stock[product] += event["delta"]
    return stock
