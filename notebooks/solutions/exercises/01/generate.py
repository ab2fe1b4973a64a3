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


# %% wrong: The same seed gives other events the second time.
def generate(products, count, seed, stamp):
    import random, uuid

    stock = {product: 100 for product in products}
    base = {"schema_version": 1, "occurred_at": stamp(0)}
    for product in products[:count]:
        yield base | {
            "event_id": str(uuid.uuid4()),
            "event_type": "product_added",
            "product_id": product,
            "quantity": 100,
        }
    for number in range(count - len(products)):
        product = random.choice(products)
        delta = random.choice([-2, -1, 1, 2])
        delta = delta if stock[product] + delta >= 0 else 1
        stock[product] += delta
        yield base | {
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
