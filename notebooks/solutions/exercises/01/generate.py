"""The generator keeps the stock while it makes events, because an event has to fit what happened before.
`random.Random(seed)` is a source of chance of its own, so the same seed makes the same day, and a mistake
can be seen again. The seed is part of every id: two runs with different seeds are different facts.
"""


# %% solution
def generate(products, count, seed, stamp):
    """`count` events as dictionaries: every product is added, then sold and restocked at random."""
    import random

    chance, stock = random.Random(seed), {}
    for number in range(count):
        product = products[number] if number < len(products) else chance.choice(products)
        event = {
            "event_id": f"mock-{seed}-{number}",
            "product_id": product,
            "occurred_at": stamp(number),
            "schema_version": 1,
        }
        if product not in stock:
            stock[product] = chance.randint(50, 200)
            event |= {"event_type": "product_added", "quantity": stock[product]}
        else:
            delta = max(-stock[product], chance.randint(-9, 5)) or 10
            stock[product] += delta
            event |= {"event_type": "quantity_changed", "delta": delta}
        yield event


# %% unchanged: delta = max(-stock[product], chance.randint(-9, 5)) or 10 → delta = max(-stock[product], chance.randint(-10, 5)) or 10 -- sales of up to ten are fine too

# %% unchanged: delta = max(-stock[product], chance.randint(-9, 5)) or 10 → delta = max(-stock[product], chance.randint(-9, 5)) or 11 -- any delivery will do when the shelf is empty

# %% unchanged: delta = max(-stock[product], chance.randint(-9, 5)) or 10 → delta = max(-stock[product], chance.randint(-9, 6)) or 10 -- larger deliveries are fine too

# %% unchanged: event = {'event_id': f'mock-{seed}-{number}', 'product_id': product, 'occurred_at': stamp(number), 'schema_version': 1} → event = {'event_id': f'mock-x{seed}-{number}', 'product_id': product, 'occurred_at': stamp(number), 'schema_version': 1} -- the text of an id is free

# %% unchanged: event = {'event_id': f'mock-{seed}-{number}', 'product_id': product, 'occurred_at': stamp(number), 'schema_version': 1} → event = {'event_id': f'mock-{seed}-x{number}', 'product_id': product, 'occurred_at': stamp(number), 'schema_version': 1} -- the text of an id is free

# %% unchanged: stock[product] = chance.randint(50, 200) → stock[product] = chance.randint(50, 201) -- any opening stock will do

# %% unchanged: stock[product] = chance.randint(50, 200) → stock[product] = chance.randint(51, 200) -- any opening stock will do


# %% right: a list, with the additions first
def generate(products, count, seed, stamp):
    import random

    chance, stock = random.Random(seed), {}
    events = []
    for p in products:
        if len(events) < count:
            stock[p] = 20
            events.append(
                {
                    "event_id": str(seed) + "-" + str(len(events)),
                    "event_type": "product_added",
                    "product_id": p,
                    "quantity": 20,
                    "occurred_at": stamp(len(events)),
                    "schema_version": 1,
                }
            )
    while len(events) < count:
        p = chance.choice(list(stock))
        d = chance.randint(-5, 5)
        if d == 0 or stock[p] + d < 0:
            continue
        stock[p] = stock[p] + d
        events.append(
            dict(
                event_id=f"{seed}-{len(events)}",
                event_type="quantity_changed",
                product_id=p,
                delta=d,
                occurred_at=stamp(len(events)),
                schema_version=1,
            )
        )
    return events


# %% right: products are added in the course of the day
def generate(products, count, seed, stamp):
    import random

    chance, stock = random.Random(seed), {}
    for n in range(count):
        p = chance.choice(products)
        common = {
            "event_id": f"seed{seed}n{n}",
            "product_id": p,
            "occurred_at": stamp(n),
            "schema_version": 1,
        }
        if p not in stock:
            stock[p] = chance.randrange(1, 30)
            yield {**common, "event_type": "product_added", "quantity": stock[p]}
        else:
            if stock[p] and chance.random() < 0.7:
                d = -chance.randint(1, stock[p])
            else:
                d = chance.randint(1, 10)
            stock[p] += d
            yield {**common, "event_type": "quantity_changed", "delta": d}


# %% right: it works the stock out anew for each event
def generate(products, count, seed, stamp):
    import random

    chance = random.Random(seed)
    events = []
    for number in range(count):
        if number < len(products):
            events.append(
                {
                    "event_id": f"{seed}.{number}",
                    "event_type": "product_added",
                    "product_id": products[number],
                    "quantity": 10,
                    "occurred_at": stamp(number),
                    "schema_version": 1,
                }
            )
            continue
        product = chance.choice(products)
        stock = 0
        for event in events:
            if event["product_id"] == product:
                stock += event.get("quantity", 0) + event.get("delta", 0)
        delta = chance.choice([-3, -2, -1, 1, 2])
        if stock + delta < 0:
            delta = 5
        events.append(
            {
                "event_id": f"{seed}.{number}",
                "event_type": "quantity_changed",
                "product_id": product,
                "delta": delta,
                "occurred_at": stamp(number),
                "schema_version": 1,
            }
        )
    return events


# %% right: products are removed, too
def generate(products, count, seed, stamp):
    import random

    chance, stock = random.Random(seed), {}
    for n in range(count):
        p = products[n % len(products)]
        e = {
            "event_id": f"{seed}_{n}",
            "product_id": p,
            "occurred_at": stamp(n),
            "schema_version": 1,
        }
        if p not in stock:
            stock[p] = 5
            e.update(event_type="product_added", quantity=5)
        elif chance.random() < 0.05:
            del stock[p]
            e.update(event_type="product_removed")
        else:
            d = chance.randint(-3, 3)
            if d == 0 or stock[p] + d < 0:
                d = 4
            stock[p] += d
            e.update(event_type="quantity_changed", delta=d)
        yield e


# %% right: ids from the random generator
def generate(products, count, seed, stamp):
    import random, uuid

    rng = random.Random(seed)
    stock = {p: rng.randint(0, 9) for p in products}
    out = []
    for n, p in enumerate(products):
        out.append({"event_type": "product_added", "product_id": p, "quantity": stock[p]})
    for n in range(len(products), count):
        p = rng.choice(sorted(products))
        d = rng.randint(-stock[p], 10) or 1
        stock[p] += d
        out.append({"event_type": "quantity_changed", "product_id": p, "delta": d})
    out = out[:count]
    for n, e in enumerate(out):
        e["event_id"] = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        e["occurred_at"] = stamp(n)
        e["schema_version"] = 1
    return out


# %% wrong: The same seed gives other events the second time.
def generate(products, count, seed, stamp):
    import random, uuid

    stock = {product: 100 for product in products}
    for number, product in enumerate(products[:count]):
        yield {
            "schema_version": 1,
            "occurred_at": stamp(number),
            "event_id": str(uuid.uuid4()),
            "event_type": "product_added",
            "product_id": product,
            "quantity": 100,
        }
    for number in range(len(products), count):
        product = random.choice(products)
        delta = random.choice([-2, -1, 1, 2])
        delta = delta if stock[product] + delta >= 0 else 1
        stock[product] += delta
        yield {
            "schema_version": 1,
            "occurred_at": stamp(number),
            "event_id": str(uuid.uuid4()),
            "event_type": "quantity_changed",
            "product_id": product,
            "delta": delta,
        }


# %% wrong: Another seed gives other events with the same ids
def generate(products, count, seed, stamp):
    import random

    chance, stock = random.Random(seed), {}
    for number in range(count):
        product = products[number % len(products)]
        event = {
            "event_id": f"e{number}",
            "product_id": product,
            "occurred_at": stamp(number),
            "schema_version": 1,
        }
        if product not in stock:
            stock[product] = chance.randint(500, 900)
            event |= {"event_type": "product_added", "quantity": stock[product]}
        else:
            event |= {"event_type": "quantity_changed", "delta": chance.choice([-3, -2, 1])}
        yield event


# %% wrong: A sale takes more pieces than there are.
def generate(products, count, seed, stamp):
    import random

    chance, seen = random.Random(seed), set()
    for number in range(count):
        product = products[number % len(products)]
        event = {
            "event_id": f"{seed}-{number}",
            "product_id": product,
            "occurred_at": stamp(number),
            "schema_version": 1,
        }
        if product not in seen:
            seen.add(product)
            event |= {"event_type": "product_added", "quantity": 5}
        else:
            event |= {"event_type": "quantity_changed", "delta": chance.choice([-3, -2, 1])}
        yield event


# %% wrong: breaks the contract
def generate(products, count, seed, stamp):
    import random

    chance = random.Random(seed)
    for number in range(count):
        product = products[number % len(products)]
        yield {
            "event_id": f"{seed}-{number}",
            "product_id": product,
            "occurred_at": stamp(number),
            "schema_version": 1,
            "event_type": "product_added",
            "quantity": str(chance.randint(1, 9)),
        }


# %% wrong: The additions count as well.
def generate(products, count, seed, stamp):
    import random

    chance = random.Random(seed)
    events = []
    for product in products:
        events.append(
            {
                "event_id": f"{seed}-{product}",
                "product_id": product,
                "occurred_at": stamp(0),
                "schema_version": 1,
                "event_type": "product_added",
                "quantity": 1000,
            }
        )
    for number in range(count):
        events.append(
            {
                "event_id": f"{seed}-{number}",
                "product_id": chance.choice(products),
                "occurred_at": stamp(number),
                "schema_version": 1,
                "event_type": "quantity_changed",
                "delta": chance.choice([-1, 1]),
            }
        )
    return events


# %% wrong: A product is added a second time
def generate(products, count, seed, stamp):
    import random

    chance = random.Random(seed)
    for number in range(count):
        yield {
            "event_id": f"{seed}-{number}",
            "product_id": chance.choice(products),
            "occurred_at": stamp(number),
            "schema_version": 1,
            "event_type": "product_added",
            "quantity": chance.randint(1, 9),
        }


# %% wrong: A shop sells and restocks
def generate(products, count, seed, stamp):
    import random

    chance, seen = random.Random(seed), set()
    for number in range(count):
        product = products[number % len(products)]
        event = {
            "event_id": f"{seed}-{number}",
            "product_id": product,
            "occurred_at": stamp(number),
            "schema_version": 1,
        }
        if product not in seen:
            seen.add(product)
            event |= {"event_type": "product_added", "quantity": 5000}
        else:
            event |= {"event_type": "quantity_changed", "delta": -chance.randint(1, 9)}
        yield event


# %% wrong: It uses the random numbers that the whole program shares
def generate(products, count, seed, stamp):
    import random

    stock = {}
    random.seed(seed)
    for number in range(count):
        event = {"event_id": f"{seed}/{number}", "occurred_at": stamp(number), "schema_version": 1}
        new = [product for product in products if product not in stock]
        if new:
            product = new[0]
            stock[product] = random.randint(10, 50)
            event |= {"event_type": "product_added", "quantity": stock[product]}
        else:
            product = random.choice(products)
            delta = max(-stock[product], random.randint(-4, 4)) or 5
            stock[product] += delta
            event |= {"event_type": "quantity_changed", "delta": delta}
        yield event | {"product_id": product}


# %% wrong: each event has a time of its own
def generate(products, count, seed, stamp):
    import random

    chance, stock = random.Random(seed), {}
    for number in range(count):
        event = {"event_id": f"{seed}/{number}", "occurred_at": stamp(0), "schema_version": 1}
        new = [product for product in products if product not in stock]
        if new:
            product = new[0]
            stock[product] = chance.randint(10, 50)
            event |= {"event_type": "product_added", "quantity": stock[product]}
        else:
            product = chance.choice(products)
            delta = max(-stock[product], chance.randint(-4, 4)) or 5
            stock[product] += delta
            event |= {"event_type": "quantity_changed", "delta": delta}
        yield event | {"product_id": product}


# %% wrong: the numbers begin with 0
def generate(products, count, seed, stamp):
    import random

    chance, stock = random.Random(seed), {}
    for number in range(1, count + 1):
        event = {"event_id": f"{seed}/{number}", "occurred_at": stamp(number), "schema_version": 1}
        new = [product for product in products if product not in stock]
        if new:
            product = new[0]
            stock[product] = chance.randint(10, 50)
            event |= {"event_type": "product_added", "quantity": stock[product]}
        else:
            product = chance.choice(products)
            delta = max(-stock[product], chance.randint(-4, 4)) or 5
            stock[product] += delta
            event |= {"event_type": "quantity_changed", "delta": delta}
        yield event | {"product_id": product}


# %% wrong: It changes the list `products`
def generate(products, count, seed, stamp):
    import random

    chance, stock = random.Random(seed), {}
    for number in range(count):
        event = {"event_id": f"{seed}/{number}", "occurred_at": stamp(number), "schema_version": 1}
        if products:
            product = products.pop(0)
            stock[product] = chance.randint(10, 50)
            event |= {"event_type": "product_added", "quantity": stock[product]}
        else:
            product = chance.choice(list(stock))
            delta = max(-stock[product], chance.randint(-4, 4)) or 5
            stock[product] += delta
            event |= {"event_type": "quantity_changed", "delta": delta}
        yield event | {"product_id": product}


# %% wrong: something stays from the first call
stock = {}


def generate(products, count, seed, stamp):
    import random

    chance = random.Random(seed)
    for number in range(count):
        event = {"event_id": f"{seed}/{number}", "occurred_at": stamp(number), "schema_version": 1}
        new = [product for product in products if product not in stock]
        if new:
            product = new[0]
            stock[product] = chance.randint(10, 50)
            event |= {"event_type": "product_added", "quantity": stock[product]}
        else:
            product = chance.choice(products)
            delta = max(-stock[product], chance.randint(-4, 4)) or 5
            stock[product] += delta
            event |= {"event_type": "quantity_changed", "delta": delta}
        yield event | {"product_id": product}


# %% wrong: Lamp is never sold or restocked
def generate(products, count, seed, stamp):
    import random

    chance, stock = random.Random(seed), {}
    for number in range(count):
        event = {"event_id": f"{seed}/{number}", "occurred_at": stamp(number), "schema_version": 1}
        new = [product for product in products if product not in stock]
        if new:
            product = new[0]
            stock[product] = chance.randint(10, 50)
            event |= {"event_type": "product_added", "quantity": stock[product]}
        else:
            product = products[number % max(1, len(products) - 1)]
            delta = max(-stock[product], chance.randint(-4, 4)) or 5
            stock[product] += delta
            event |= {"event_type": "quantity_changed", "delta": delta}
        yield event | {"product_id": product}


# %% wrong: It gives the same dictionary several times
def generate(products, count, seed, stamp):
    import random

    chance, stock, event, events = random.Random(seed), {}, {}, []
    for number in range(count):
        event |= {"event_id": f"{seed}/{number}", "occurred_at": stamp(number), "schema_version": 1}
        new = [product for product in products if product not in stock]
        if new:
            product = new[0]
            stock[product] = chance.randint(10, 50)
            event |= {"event_type": "product_added", "quantity": stock[product]}
        else:
            product = chance.choice(products)
            delta = max(-stock[product], chance.randint(-4, 4)) or 5
            stock[product] += delta
            event |= {"event_type": "quantity_changed", "delta": delta}
        event["product_id"] = product
        events.append(event)
    return events


# %% wrong: Asked for 2 events of 3 products, it makes more.
def generate(products, count, seed, stamp):
    import random

    chance, stock, facts = random.Random(seed), dict.fromkeys(products, 50), []
    for product in products:
        facts.append({"event_type": "product_added", "product_id": product, "quantity": 50})
    for _ in range(count - len(products)):
        product = chance.choice(products)
        delta = max(-stock[product], chance.randint(-4, 4)) or 5
        stock[product] += delta
        facts.append({"event_type": "quantity_changed", "product_id": product, "delta": delta})
    return [
        fact | {"event_id": f"{seed}/{n}", "occurred_at": stamp(n), "schema_version": 1}
        for n, fact in enumerate(facts)
    ]


# %% wrong: restock it instead
def generate(products, count, seed, stamp):
    import random

    chance, stock = random.Random(seed), {}
    for number in range(count):
        event = {"event_id": f"{seed}/{number}", "occurred_at": stamp(number), "schema_version": 1}
        new = [product for product in products if product not in stock]
        if new:
            product = new[0]
            stock[product] = chance.randint(5, 20)
            event |= {"event_type": "product_added", "quantity": stock[product]}
        else:
            product = chance.choice(products)
            delta = chance.choice([max(-stock[product], -2), max(-stock[product], -1), 1, 2])
            stock[product] += delta
            event |= {"event_type": "quantity_changed", "delta": delta}
        yield event | {"product_id": product}


# %% wrong: 'Random' object has no attribute 'chioce'
def generate(products, count, seed, stamp):
    import random

    chance, stock = random.Random(seed), {}
    for number in range(count):
        event = {"event_id": f"{seed}/{number}", "occurred_at": stamp(number), "schema_version": 1}
        new = [product for product in products if product not in stock]
        if new:
            product = new[0]
            stock[product] = chance.randint(10, 50)
            event |= {"event_type": "product_added", "quantity": stock[product]}
        else:
            product = chance.chioce(products)
            delta = max(-stock[product], chance.randint(-4, 4)) or 5
            stock[product] += delta
            event |= {"event_type": "quantity_changed", "delta": delta}
        yield event | {"product_id": product}


# %% wrong: It does not come to an end: after
def generate(products, count, seed, stamp):
    import random

    chance, stock, number = random.Random(seed), {}, 0
    while number < count:
        product = chance.choice(products)
        if product in stock:
            yield {"event_id": f"{seed}/{number}", "product_id": product}
            number += 1


# %% wrong: Another seed sells and restocks the same
def generate(products, count, seed, stamp):
    for n in range(count):
        p = products[n % len(products)]
        base = {
            "event_id": f"{seed}-{n}",
            "product_id": p,
            "occurred_at": stamp(n),
            "schema_version": 1,
        }
        if n < len(products):
            yield base | {"event_type": "product_added", "quantity": 20 + seed}
        else:
            yield base | {
                "event_type": "quantity_changed",
                "delta": -1 if n // len(products) % 2 else 1,
            }
