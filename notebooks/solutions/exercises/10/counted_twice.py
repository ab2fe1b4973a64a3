"""Two clues are needed. The table says *by how much* it is wrong: the drift is its quantity less the change of
every event, each counted once. Stream and log say *what was repeated*. A repetition alone proves nothing: if
the function died before its write, the second delivery was the first count. A drift alone proves nothing
either, because several events may have the same size. The event that was repeated and whose change is the
drift is the one. Sequence numbers are compared within one shard only.
"""


# %% solution
def counted_twice(records, executions, quantity):
    """The event_id that was counted twice with "stored twice" or "delivered twice"; None without one."""
    changes, copies, deliveries = {}, {}, {}
    for record in records:
        event_id = record["event_id"]
        changes[event_id] = record["change"]
        copies[event_id] = copies.get(event_id, 0) + 1
        deliveries[event_id] = sum(
            execution["shard"] == record["shard"]
            and execution["first"] <= record["number"] <= execution["last"]
            for execution in executions
        )
    drift = quantity - sum(changes.values())
    for event_id in changes:
        if changes[event_id] == drift and copies[event_id] > 1:
            return event_id, "stored twice"
        if changes[event_id] == drift and deliveries[event_id] > 1:
            return event_id, "delivered twice"
    return None


# %% unchanged: return None → pass -- a function without a return gives None


# %% wrong: A batch that came twice was not always counted twice
def counted_twice(records, executions, quantity):
    for record in records:
        times = 0
        for execution in executions:
            if execution["shard"] == record["shard"]:
                if execution["first"] <= record["number"] <= execution["last"]:
                    times += 1
        if times > 1:
            return record["event_id"], "delivered twice"
    seen = set()
    for record in records:
        if record["event_id"] in seen:
            return record["event_id"], "stored twice"
        seen.add(record["event_id"])


# %% wrong: The suspect was repeated, and its change is what the table has too much
def counted_twice(records, executions, quantity):
    changes = {record["event_id"]: record["change"] for record in records}
    drift = quantity - sum(changes.values())
    ids = [record["event_id"] for record in records]
    for event_id, change in changes.items():
        if change == drift:
            return event_id, "stored twice" if ids.count(event_id) > 1 else "delivered twice"


# %% wrong: count the event once to know what the table should say
def counted_twice(records, executions, quantity):
    drift = quantity - sum(record["change"] for record in records)
    for record in records:
        times = sum(
            e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]
            for e in executions
        )
        if record["change"] == drift and times > 1:
            return record["event_id"], "delivered twice"


# %% wrong: A batch covers all numbers from `first` to `last`
def counted_twice(records, executions, quantity):
    changes = {record["event_id"]: record["change"] for record in records}
    drift = quantity - sum(changes.values())
    ids = [record["event_id"] for record in records]
    for record in records:
        firsts = [e["first"] for e in executions if e["shard"] == record["shard"]]
        if record["change"] == drift and ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
        if record["change"] == drift and firsts.count(record["number"]) > 1:
            return record["event_id"], "delivered twice"


# %% wrong: both must be true, in the same shard
def counted_twice(records, executions, quantity):
    changes = {record["event_id"]: record["change"] for record in records}
    drift = quantity - sum(changes.values())
    ids = [record["event_id"] for record in records]
    for record in records:
        if record["change"] != drift:
            continue
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
        if sum(e["first"] <= record["number"] <= e["last"] for e in executions) > 1:
            return record["event_id"], "delivered twice"


# %% wrong: A change can be positive as well.
def counted_twice(records, executions, quantity):
    changes = {record["event_id"]: record["change"] for record in records}
    missing = sum(changes.values()) - quantity
    ids = [record["event_id"] for record in records]
    for record in records:
        if missing > 0 and record["change"] == -missing:
            if ids.count(record["event_id"]) > 1:
                return record["event_id"], "stored twice"
            times = [
                e
                for e in executions
                if e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]
            ]
            if len(times) > 1:
                return record["event_id"], "delivered twice"


# %% wrong: return a pair, the event_id and the reason
def counted_twice(records, executions, quantity):
    ids = [record["event_id"] for record in records]
    return [event_id for event_id in ids if ids.count(event_id) > 1]


# %% wrong: An event that is stored twice has two records
def counted_twice(records, executions, quantity):
    changes = {record["event_id"]: record["change"] for record in records}
    drift = quantity - sum(changes.values())
    deliveries = {event_id: 0 for event_id in changes}
    for record in records:
        for e in executions:
            if e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]:
                deliveries[record["event_id"]] += 1
    for event_id, change in changes.items():
        if change == drift and deliveries[event_id] > 1:
            return event_id, "delivered twice"
