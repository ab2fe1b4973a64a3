"""Two clues are needed. The table says *by how much* it is wrong: the drift is its quantity less the change of
every event, each counted once. Stream and log say *what was repeated*. A repetition alone proves nothing: if
the function died before its write, the second delivery was the first count. A drift alone proves nothing
either, because several events may have the same size. The event that was repeated and whose change is the
drift is the one. Two records are counted twice for certain and a second delivery only perhaps, so the records
are asked first. Sequence numbers are compared within one shard only.
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
    suspects = [event_id for event_id in changes if changes[event_id] == drift != 0]
    for event_id in suspects:
        if copies[event_id] > 1:
            return event_id, "stored twice"
    for event_id in suspects:
        if deliveries[event_id] > 1:
            return event_id, "delivered twice"
    return None


# %% right: it returns early, and counts with a Counter and a range
from collections import Counter


def counted_twice(records, executions, quantity):
    by_id = {record["event_id"]: record for record in records}
    drift = quantity - sum(record["change"] for record in by_id.values())
    if not drift:
        return None
    for event_id, copies in Counter(record["event_id"] for record in records).items():
        if copies > 1 and by_id[event_id]["change"] == drift:
            return (event_id, "stored twice")
    for record in records:
        numbers = [
            range(each["first"], each["last"] + 1)
            for each in executions
            if each["shard"] == record["shard"]
        ]
        delivered = [each for each in numbers if record["number"] in each]
        if record["change"] == drift and len(delivered) > 1:
            return (record["event_id"], "delivered twice")


# %% right: a class for the log, and the table compared instead of a drift
class Log:
    def __init__(self, executions):
        self.executions = executions

    def deliveries(self, record):
        times = 0
        for each in self.executions:
            if each["shard"] != record["shard"]:
                continue
            if record["number"] < each["first"] or record["number"] > each["last"]:
                continue
            times += 1
        return times


def counted_twice(records, executions, quantity):
    log, expected, seen, stored = Log(executions), 0, set(), set()
    for record in records:
        if record["event_id"] in seen:
            stored.add(record["event_id"])
        else:
            seen.add(record["event_id"])
            expected += record["change"]
    if expected == quantity:
        return None
    suspects = [record for record in records if expected + record["change"] == quantity]
    for record in suspects:
        if record["event_id"] in stored:
            return record["event_id"], "stored twice"
    for record in suspects:
        if log.deliveries(record) >= 2:
            return record["event_id"], "delivered twice"
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


# %% wrong: It has one record, which was delivered once
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


# %% wrong: compare numbers within one shard only
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


# %% wrong: return a tuple, (event_id, reason)
def counted_twice(records, executions, quantity):
    ids = [record["event_id"] for record in records]
    return [event_id for event_id in ids if ids.count(event_id) > 1]


# %% wrong: has two records, and they are counted for certain
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


# %% wrong: The difference has the wrong sign
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = sum(events.values()) - quantity
    if extra == 0:
        return None
    ids = [record["event_id"] for record in records]
    for record in records:
        if record["change"] != extra:
            continue
        runs = sum(
            e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]
            for e in executions
        )
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
        if runs > 1:
            return record["event_id"], "delivered twice"


# %% wrong: Its change is -5, and the table differs from the stream by 5.
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = abs(quantity - sum(events.values()))
    if extra == 0:
        return None
    ids = [record["event_id"] for record in records]
    for record in records:
        if abs(record["change"]) != extra:
            continue
        runs = sum(
            e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]
            for e in executions
        )
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
        if runs > 1:
            return record["event_id"], "delivered twice"


# %% wrong: count the executions that cover the number of sale-2
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = quantity - sum(events.values())
    ids = [record["event_id"] for record in records]
    batches = [(e["shard"], e["first"], e["last"]) for e in executions]
    for record in records:
        if extra == 0 or record["change"] != extra:
            continue
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
        for shard, first, last in batches:
            if shard == record["shard"] and first <= record["number"] <= last:
                if batches.count((shard, first, last)) > 1:
                    return record["event_id"], "delivered twice"


# %% wrong: has two records, and they are counted for certain
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = quantity - sum(events.values())
    if extra == 0:
        return None
    ids = [record["event_id"] for record in records]
    for record in records:
        if record["change"] != extra:
            continue
        runs = sum(
            e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]
            for e in executions
        )
        if runs > 1:
            return record["event_id"], "delivered twice"
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"


# %% wrong: Two records are two counts for certain.
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = quantity - sum(events.values())
    if extra == 0:
        return None
    ids = [record["event_id"] for record in records]
    for record in records:
        if record["change"] != extra:
            continue
        runs = sum(
            e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]
            for e in executions
        )
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
        if runs > 1:
            return record["event_id"], "delivered twice"


# %% wrong: two as well as three
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = quantity - sum(events.values())
    if extra == 0:
        return None
    ids = [record["event_id"] for record in records]
    for record in records:
        if record["change"] != extra:
            continue
        runs = sum(
            e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]
            for e in executions
        )
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
        if runs == 2:
            return record["event_id"], "delivered twice"


# %% wrong: not only these two
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = quantity - sum(events.values())
    if extra == 0:
        return None
    ids = [record["event_id"] for record in records]
    for record in records:
        if record["change"] != extra:
            continue
        runs = sum(
            e["shard"] == record["shard"] and record["number"] in (e["first"], e["last"])
            for e in executions
        )
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
        if runs > 1:
            return record["event_id"], "delivered twice"


# %% wrong: from `first` to `last`, both included
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = quantity - sum(events.values())
    if extra == 0:
        return None
    ids = [record["event_id"] for record in records]
    for record in records:
        if record["change"] != extra:
            continue
        runs = sum(
            e["shard"] == record["shard"]
            and e["first"] <= record["number"] < e["last"] + (e["first"] == e["last"])
            for e in executions
        )
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
        if runs > 1:
            return record["event_id"], "delivered twice"


# %% wrong: Both count, so add up both changes
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = quantity - sum(set(events.values()))
    if extra == 0:
        return None
    ids = [record["event_id"] for record in records]
    for record in records:
        if record["change"] != extra:
            continue
        runs = sum(
            e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]
            for e in executions
        )
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
        if runs > 1:
            return record["event_id"], "delivered twice"


# %% wrong: first comes the event_id, then the reason
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = quantity - sum(events.values())
    if extra == 0:
        return None
    ids = [record["event_id"] for record in records]
    for record in records:
        if record["change"] != extra:
            continue
        runs = sum(
            e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]
            for e in executions
        )
        if ids.count(record["event_id"]) > 1:
            return "stored twice", record["event_id"]
        if runs > 1:
            return "delivered twice", record["event_id"]


# %% wrong: the table says what the stream says
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = quantity - sum(events.values())
    ids = [record["event_id"] for record in records]
    for record in records:
        if record["change"] != extra:
            continue
        runs = sum(
            e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]
            for e in executions
        )
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
        if runs > 1:
            return record["event_id"], "delivered twice"


# %% wrong: return None itself
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = quantity - sum(events.values())
    ids = [record["event_id"] for record in records]
    for record in records:
        if record["change"] != extra:
            continue
        runs = sum(
            e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]
            for e in executions
        )
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
        if runs > 1:
            return record["event_id"], "delivered twice"
    return None, None


# %% wrong: it is one of the texts
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = quantity - sum(events.values())
    if extra == 0:
        return None
    ids = [record["event_id"] for record in records]
    for record in records:
        if record["change"] != extra:
            continue
        runs = sum(
            e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]
            for e in executions
        )
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored"
        if runs > 1:
            return record["event_id"], "delivered"


# %% wrong: It has one record, which was delivered once: look at the others with this change
def counted_twice(records, executions, quantity):
    events = {record["event_id"]: record["change"] for record in records}
    extra = quantity - sum(events.values())
    ids, last = [record["event_id"] for record in records], None
    for record in records:
        if extra == 0 or record["change"] != extra:
            continue
        if ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
        last = record["event_id"], "delivered twice"
    return last


# %% wrong: A sale is stored as two records, in two shards.
def counted_twice(records, executions, quantity):
    events = {(record["shard"], record["event_id"]): record["change"] for record in records}
    extra = quantity - sum(events.values())
    ids = [record["event_id"] for record in records]
    if extra == 0:
        return None
    for record in records:
        if record["change"] == extra and ids.count(record["event_id"]) > 1:
            return record["event_id"], "stored twice"
    for record in records:
        runs = sum(
            e["shard"] == record["shard"] and e["first"] <= record["number"] <= e["last"]
            for e in executions
        )
        if record["change"] == extra and runs > 1:
            return record["event_id"], "delivered twice"
