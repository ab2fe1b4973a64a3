"""All randomness comes from `chance`, so that a schedule which fails can be played again. The id of a count is made from
the id of the event before it: no two are the same, and they are the same in each run. The same id as the
event's would be wrong, because the pipeline would drop the count as a repetition. A new dictionary is made;
changing the event would change what the shop said.
"""


# %% solution
def with_counts(events, chance):
    """The events, and after about one in five of them a count of the same product."""
    for event in events:
        yield event
        if chance.random() < 0.2:
            yield {
                "event_type": "stock_counted",
                "event_id": f"count-{event['event_id']}",
                "product_id": event["product_id"],
                "quantity": chance.randint(0, 60),
                "occurred_at": event["occurred_at"],
                "schema_version": 1,
            }


# %% right: a number for each count, and one case of five in another way
def with_counts(events, chance):
    number = 0
    for event in events:
        yield event
        if chance.randint(1, 5) != 1:
            continue
        number += 1
        same = {name: event[name] for name in ("product_id", "occurred_at", "schema_version")}
        count = dict(event_type="stock_counted", event_id=f"count-{number}", **same)
        count["quantity"] = chance.choice(range(61))
        yield count


# %% right: a generator expression over a helper, and an id that chance draws
import uuid


def with_counts(events, chance):
    def pair(event):
        if chance.choices([True, False], weights=[1, 4])[0]:
            count = dict(event, event_type="stock_counted", quantity=chance.randint(0, 60))
            count["event_id"] = str(uuid.UUID(int=chance.getrandbits(128)))
            count.pop("delta", None)
            return [event, count]
        return [event]

    return (each for event in events for each in pair(event))


# %% unchanged: yield {'event_type': 'stock_counted', 'event_id': f"count-{event['event_id']}", 'product_id': event['product_id'], 'quantity': chance.randint(0, 60), 'occurred_at': event['occurred_at'], 'schema_version': 1} → yield {'event_type': 'stock_counted', 'event_id': f"count-x{event['event_id']}", 'product_id': event['product_id'], 'quantity': chance.randint(0, 60), 'occurred_at': event['occurred_at'], 'schema_version': 1} -- the text of an id is free

# %% unchanged: if chance.random() < 0.2: → if chance.random() <= 0.2: -- no number drawn is exactly 0.2


# %% wrong: Two events have the same event_id.
def with_counts(events, chance):
    for event in events:
        yield event
        if chance.random() < 0.2:
            yield {
                "event_type": "stock_counted",
                "event_id": event["event_id"],
                "product_id": event["product_id"],
                "quantity": chance.randint(0, 60),
                "occurred_at": event["occurred_at"],
                "schema_version": 1,
            }


# %% wrong: The same chance gives other counts the second time
def with_counts(events, chance):
    import uuid

    for event in events:
        yield event
        if chance.random() < 0.2:
            yield {
                "event_type": "stock_counted",
                "event_id": uuid.uuid4().hex,
                "product_id": event["product_id"],
                "quantity": chance.randint(0, 60),
                "occurred_at": event["occurred_at"],
                "schema_version": 1,
            }


# %% wrong: are missing, or became counts
def with_counts(events, chance):
    for event in events:
        if chance.random() < 0.2:
            yield {
                "event_type": "stock_counted",
                "event_id": f"count-{event['event_id']}",
                "product_id": event["product_id"],
                "quantity": chance.randint(0, 60),
                "occurred_at": event["occurred_at"],
                "schema_version": 1,
            }
        else:
            yield event


# %% wrong: A count has the field 'delta'
def with_counts(events, chance):
    for event in events:
        yield event
        if chance.random() < 0.2:
            yield {
                **event,
                "event_type": "stock_counted",
                "event_id": f"count-{event['event_id']}",
                "quantity": chance.randint(0, 60),
            }


# %% wrong: A count has no occurred_at, so it is malformed.
def with_counts(events, chance):
    number = 0
    for event in events:
        yield event
        if chance.random() < 0.2:
            number += 1
            yield {
                "event_type": "stock_counted",
                "event_id": f"count-{number}",
                "product_id": event["product_id"],
                "quantity": chance.randint(0, 60),
            }


# %% wrong: make about one for five events
def with_counts(events, chance):
    for event in events:
        yield event
        yield {
            "event_type": "stock_counted",
            "event_id": f"count-{event['event_id']}",
            "product_id": event["product_id"],
            "quantity": chance.randint(0, 60),
            "occurred_at": event["occurred_at"],
            "schema_version": 1,
        }


# %% wrong: the counts follow the same events as before
def with_counts(events, chance):
    for number, event in enumerate(events):
        yield event
        count = {"event_type": "stock_counted", "quantity": chance.randint(0, 60)}
        count["event_id"] = f"count-{number}"
        for name in ("product_id", "occurred_at"):
            count[name] = event[name]
        count["schema_version"] = event["schema_version"]
        if number % 5 == 4:
            yield count


# %% wrong: It returns a list with all events
def with_counts(events, chance):
    made = []
    for number, event in enumerate(events):
        made.append(event)
        count = {"event_type": "stock_counted", "quantity": chance.randint(0, 60)}
        count["event_id"] = f"count-{number}"
        for name in ("product_id", "occurred_at"):
            count[name] = event[name]
        count["schema_version"] = event["schema_version"]
        if chance.random() < 0.2:
            made.append(count)
    return made


# %% wrong: No count follows a product_removed
def with_counts(events, chance):
    for event in events:
        yield event
        if event["event_type"] != "product_removed" and chance.random() < 0.2:
            yield {
                "event_type": "stock_counted",
                "event_id": f"count-{event['event_id']}",
                "product_id": event["product_id"],
                "quantity": chance.randint(0, 60),
                "occurred_at": event["occurred_at"],
                "schema_version": 1,
            }


# %% wrong: It yields an event of the type 'count'. A count has
def with_counts(events, chance):
    for event in events:
        yield event
        if chance.random() < 0.2:
            yield {
                "event_type": "count",
                "event_id": f"count-{event['event_id']}",
                "product_id": event["product_id"],
                "quantity": chance.randint(0, 60),
                "occurred_at": event["occurred_at"],
                "schema_version": 1,
            }
