"""The stock is worked out, or *folded*, from the events: begin with nothing, and take one event after the
other. Two ideas carry the whole course. First, some events do not count, because they do not fit what
happened before them, and the order decides which. Second, an event may arrive twice, so the function
must remember which ids it has counted. The set `seen` grows with every event; notebook 11 shows how a
memory that stays small can be exact all the same.
"""


# %% solution
def inventory_of(events):
    """The quantity of every product that the events leave in the shop."""
    stock, seen = {}, set()
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            continue
        seen.add(event["event_id"])
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed" and product in stock:
            del stock[product]
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% right: match, and the ids in a list
def inventory_of(events):
    stock = {}
    ids = []
    for e in events:
        if e["event_id"] in ids:
            continue
        ids.append(e["event_id"])
        match e:
            case {"event_type": "product_added", "product_id": p, "quantity": q}:
                stock.setdefault(p, q)
            case {"event_type": "product_removed", "product_id": p}:
                stock.pop(p, None)
            case {"event_type": "quantity_changed", "product_id": p, "delta": d} if (
                stock.get(p, -(10**9)) + d >= 0
            ):
                stock[p] = stock[p] + d
    return stock


# %% right: it drops the repetitions first
def inventory_of(events):
    unique = {}
    for e in events:
        unique.setdefault(e["event_id"], e)
    stock = {}
    for e in unique.values():
        p = e["product_id"]
        t = e["event_type"]
        if t == "product_added":
            if p in stock:
                pass
            else:
                stock[p] = e["quantity"]
        if t == "quantity_changed":
            if p in stock:
                new = stock[p] + e["delta"]
                if new >= 0:
                    stock[p] = new
        if t == "product_removed":
            if p in stock:
                del stock[p]
    return stock


# %% right: it compares each id with all before it
def inventory_of(events):
    stock = {}
    seen = []
    for e in events:
        found = False
        for s in seen:
            if s == e["event_id"]:
                found = True
        if found:
            continue
        seen.append(e["event_id"])
        p = e["product_id"]
        if e["event_type"] == "product_added" and p not in stock:
            stock[p] = e["quantity"]
        elif e["event_type"] == "product_removed" and p in stock:
            del stock[p]
        elif e["event_type"] == "quantity_changed" and p in stock and stock[p] + e["delta"] >= 0:
            stock[p] += e["delta"]
    return stock


# %% right: a class with the rules
from collections import Counter, OrderedDict


class Shop:
    def __init__(self):
        self.stock, self.seen = OrderedDict(), set()

    def take(self, e):
        if e["event_id"] in self.seen:
            return
        self.seen.add(e["event_id"])
        p, t = e["product_id"], e["event_type"]
        if t == "product_added" and p not in self.stock:
            self.stock[p] = e["quantity"]
        elif t == "product_removed":
            self.stock.pop(p, None)
        elif t == "quantity_changed" and p in self.stock and self.stock[p] + e["delta"] >= 0:
            self.stock[p] += e["delta"]


def inventory_of(events):
    shop = Shop()
    for e in events:
        shop.take(e)
    return shop.stock


# %% wrong: The event with the id b arrives twice: it counts once
def inventory_of(events):
    stock = {}
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == "quantity_changed" and stock.get(product, -1) + event["delta"] >= 0:
            if product in stock:
                stock[product] += event["delta"]
    return stock


# %% wrong: A sale of more pieces than there are does not count.
def inventory_of(events):
    stock, seen = {}, set()
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            continue
        seen.add(event["event_id"])
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif product in stock:
            stock[product] += event["delta"]
    return stock


# %% wrong: The last piece is sold, so 0 are left
def inventory_of(events):
    stock = {}
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if kind == "product_added":
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock[product] = 0
        else:
            stock[product] = stock.get(product, 0) + event["delta"]
    return {
        product: quantity for product, quantity in stock.items() if quantity or product == "Pan"
    }


# %% wrong: the second addition does not count
def inventory_of(events):
    stock, seen = {}, set()
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            continue
        seen.add(event["event_id"])
        if kind == "product_added":
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif product in stock and stock[product] + event["delta"] >= 0:
            stock[product] += event["delta"]
    return stock


# %% wrong: Two sales of the same size with different ids are two sales.
def inventory_of(events):
    stock, before = {}, None
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        fact = (kind, product, event.get("delta"))
        if fact == before:
            continue
        before = fact
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: return a dict of product and quantity
def inventory_of(events):
    stock = {}
    for event in events:
        stock[event["product_id"]] = event.get("quantity", 0)


# %% wrong: KeyError in line 4 (stock
def inventory_of(events):
    stock = {}
    for event in events:
        stock[event["product_id"]] += event["delta"]
    return stock


# %% wrong: it can be restocked
def inventory_of(events):
    stock, seen = {}, set()
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            continue
        seen.add(event["event_id"])
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == "quantity_changed" and stock.get(product):
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: adding it again does not count
def inventory_of(events):
    stock, seen = {}, set()
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            continue
        seen.add(event["event_id"])
        if kind == "product_added" and not stock.get(product):
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: it counts once, and the others count
def inventory_of(events):
    stock, last = {}, None
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] == last:
            continue
        last = event["event_id"]
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: it counts once, and the others count
def inventory_of(events):
    stock, seen = {}, set()
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            break
        seen.add(event["event_id"])
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: When it comes again it does not count either
def inventory_of(events):
    stock, seen = {}, set()
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            continue
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
                seen.add(event["event_id"])
    return stock


# %% wrong: even when its time is another one
def inventory_of(events):
    stock, seen = {}, []
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event in seen:
            continue
        seen.append(event)
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: the removal of its product does not change that
def inventory_of(events):
    stock, seen = {}, {}
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen.get(product, []):
            continue
        seen.setdefault(product, []).append(event["event_id"])
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
            del seen[product]
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: It changes the list `events`
def inventory_of(events):
    stock, seen = {}, set()
    while events:
        event = events.pop(0)
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            continue
        seen.add(event["event_id"])
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: something stays from the call before
def inventory_of(events, seen=set()):
    stock = {}
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            continue
        seen.add(event["event_id"])
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: something stays from the call before
stock, seen = {}, set()


def inventory_of(events):
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            continue
        seen.add(event["event_id"])
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: A change of a product that was never added does not count. KeyError
def inventory_of(events):
    stock, seen = {}, set()
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            continue
        seen.add(event["event_id"])
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            stock.pop(product, None)
        elif kind == "quantity_changed":
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: Removing a product that does not exist changes nothing. KeyError
def inventory_of(events):
    stock, seen = {}, set()
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            continue
        seen.add(event["event_id"])
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
        elif kind == "product_removed":
            del stock[product]
        elif kind == "quantity_changed" and product in stock:
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock


# %% wrong: The event a came before its product was added
def inventory_of(events):
    stock, seen = {}, set()
    for event in events:
        kind, product = event["event_type"], event["product_id"]
        if event["event_id"] in seen:
            continue
        if kind == "product_added" and product not in stock:
            stock[product] = event["quantity"]
            seen.add(event["event_id"])
        elif kind == "product_removed" and product in stock:
            del stock[product]
            seen.add(event["event_id"])
        elif kind == "quantity_changed" and product in stock:
            seen.add(event["event_id"])
            if stock[product] + event["delta"] >= 0:
                stock[product] += event["delta"]
    return stock
