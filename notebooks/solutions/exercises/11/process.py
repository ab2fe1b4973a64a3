"""Two questions are asked before anything is counted. *Was this record delivered before?* The watermark answers with
one number per shard, because a shard is delivered in order; it needs no help from the producer. *Was this fact
stored before, as another record?* Only an identity that the producer gave can answer. In both cases nothing is
counted, but a repeated fact still advances the watermark, or its record would be asked about for ever. The item
that came in stays as it was, so that the caller can see whether anything changed.
"""


# %% solution
def process(item, record):
    """The item after one record of its product; the item as it was when the record came before."""
    shard, number, event_id = record["shard"], record["number"], record["event_id"]
    if int(number) <= int(item["watermarks"].get(shard, -1)):
        return item
    after = item | {"watermarks": item["watermarks"] | {shard: number}}
    if event_id in item["memory"]:
        return after
    after["quantity"] = item["quantity"] + record["change"]
    if event_id is not None:
        after["memory"] = [*item["memory"], event_id]
    return after


# %% right: a deep copy that is changed
from copy import deepcopy


def process(item, record):
    after = deepcopy(item)
    mark = after["watermarks"].get(record["shard"])
    if mark is not None and int(record["number"]) <= int(mark):
        return after
    after["watermarks"][record["shard"]] = record["number"]
    if record["event_id"] is not None:
        if record["event_id"] in after["memory"]:
            return after
        after["memory"].append(record["event_id"])
    after["quantity"] += record["change"]
    return after


# %% right: the newest id comes first in the memory, and numbers are compared as Decimal
from decimal import Decimal


def process(item: dict, record: dict) -> dict:
    shard, event_id = record["shard"], record["event_id"]
    marks = item["watermarks"].copy()
    if shard in marks and Decimal(record["number"]) <= Decimal(marks[shard]):
        return item
    known = event_id is not None and event_id in item["memory"]
    ids = [] if known or event_id is None else [event_id]
    return {
        **item,
        "watermarks": {**marks, shard: record["number"]},
        "quantity": item["quantity"] if known else item["quantity"] + record["change"],
        "memory": ids + item["memory"],
    }


# %% unchanged: if int(number) <= int(item['watermarks'].get(shard, -1)): → if int(number) <= int(item['watermarks'].get(shard, -2)): -- every sequence number is above both


# %% wrong: Its event_id is in `memory`.
def process(item, record):
    last = int(item["watermarks"].get(record["shard"], -1))
    if int(record["number"]) <= last:
        return item
    return item | {
        "quantity": item["quantity"] + record["change"],
        "watermarks": item["watermarks"] | {record["shard"]: record["number"]},
        "memory": item["memory"] + [record["event_id"]],
    }


# %% wrong: came before, and it is counted again
def process(item, record):
    marks = item["watermarks"] | {record["shard"]: record["number"]}
    if record["event_id"] in item["memory"]:
        return item
    return item | {
        "quantity": item["quantity"] + record["change"],
        "watermarks": marks,
        "memory": item["memory"] + [record["event_id"]],
    }


# %% wrong: It changes the item that it was given.
def process(item, record):
    if int(record["number"]) <= int(item["watermarks"].get(record["shard"], -1)):
        return item
    item["watermarks"][record["shard"]] = record["number"]
    if record["event_id"] not in item["memory"]:
        item["quantity"] += record["change"]
        item["memory"].append(record["event_id"])
    return item


# %% wrong: compare them as integers
def process(item, record):
    shard = record["shard"]
    if record["number"] <= item["watermarks"].get(shard, ""):
        return item
    after = dict(item, watermarks={**item["watermarks"], shard: record["number"]})
    if record["event_id"] is None or record["event_id"] not in item["memory"]:
        after["quantity"] = item["quantity"] + record["change"]
        after["memory"] = item["memory"] + [record["event_id"]]
    return after


# %% wrong: Each shard has its own watermark
def process(item, record):
    marks = [int(number) for number in item["watermarks"].values()]
    if int(record["number"]) <= max(marks, default=-1):
        return item
    after = dict(item, watermarks={**item["watermarks"], record["shard"]: record["number"]})
    if record["event_id"] not in item["memory"]:
        after["quantity"] = item["quantity"] + record["change"]
        after["memory"] = item["memory"] + [record["event_id"]]
    return after


# %% wrong: None is not an identity
def process(item, record):
    if int(record["number"]) <= int(item["watermarks"].get(record["shard"], -1)):
        return item
    after = dict(item, watermarks={**item["watermarks"], record["shard"]: record["number"]})
    if record["event_id"] not in item["memory"]:
        after["quantity"] = item["quantity"] + record["change"]
        after["memory"] = item["memory"] + [record["event_id"]]
    return after


# %% wrong: Every record that is processed advances the watermark.
def process(item, record):
    if int(record["number"]) <= int(item["watermarks"].get(record["shard"], -1)):
        return item
    if record["event_id"] in item["memory"]:
        return item
    after = dict(item, watermarks={**item["watermarks"], record["shard"]: record["number"]})
    after["quantity"] = item["quantity"] + record["change"]
    if record["event_id"]:
        after["memory"] = item["memory"] + [record["event_id"]]
    return after


# %% wrong: it would grow with every repetition
def process(item, record):
    shard, number, event_id = record["shard"], record["number"], record["event_id"]
    if int(number) <= int(item["watermarks"].get(shard, -1)):
        return item
    again = event_id is not None and event_id in item["memory"]
    return item | {
        "quantity": item["quantity"] + (0 if again else record["change"]),
        "watermarks": item["watermarks"] | {shard: number},
        "memory": item["memory"] + ([event_id] if event_id else []),
    }


# %% wrong: A float keeps about 16 digits
def process(item, record):
    shard, number, event_id = record["shard"], record["number"], record["event_id"]
    if float(number) <= float(item["watermarks"].get(shard, -1)):
        return item
    after = item | {"watermarks": item["watermarks"] | {shard: number}}
    if event_id is None:
        return after | {"quantity": item["quantity"] + record["change"]}
    if event_id not in item["memory"]:
        after["quantity"] = item["quantity"] + record["change"]
        after["memory"] = [*item["memory"], event_id]
    return after


# %% wrong: A redelivered record changes the item
def process(item, record):
    shard, number, event_id = record["shard"], record["number"], record["event_id"]
    marked = item | {"watermarks": item["watermarks"] | {shard: number}}
    if event_id in item["memory"]:
        return marked
    if int(number) <= int(item["watermarks"].get(shard, -1)):
        return item
    marked["quantity"] = item["quantity"] + record["change"]
    if event_id is not None:
        marked["memory"] = [*item["memory"], event_id]
    return marked


# %% wrong: `memory` becomes a set
def process(item, record):
    shard, number, event_id = record["shard"], record["number"], record["event_id"]
    if int(number) <= int(item["watermarks"].get(shard, -1)):
        return item
    after = item | {"watermarks": item["watermarks"] | {shard: number}}
    if event_id is not None and event_id in item["memory"]:
        return after
    after["quantity"] = item["quantity"] + record["change"]
    after["memory"] = set(item["memory"]) | ({event_id} if event_id else set())
    return after


# %% wrong: A watermark is not a text.
def process(item, record):
    shard, number, event_id = record["shard"], int(record["number"]), record["event_id"]
    if number <= int(item["watermarks"].get(shard, -1)):
        return item
    after = item | {"watermarks": item["watermarks"] | {shard: number}}
    if event_id is None or event_id not in item["memory"]:
        after["quantity"] = item["quantity"] + record["change"]
        after["memory"] = item["memory"] + ([event_id] if event_id else [])
    return after


# %% wrong: It changes `version`
def process(item, record):
    shard, number, event_id = record["shard"], record["number"], record["event_id"]
    if int(number) <= int(item["watermarks"].get(shard, -1)):
        return item
    after = item | {"watermarks": item["watermarks"] | {shard: number}}
    after["version"] = item["version"] + 1
    if event_id is None or event_id not in item["memory"]:
        after["quantity"] = item["quantity"] + record["change"]
        after["memory"] = item["memory"] + ([event_id] if event_id else [])
    return after


# %% wrong: Add the change, whatever its sign.
def process(item, record):
    shard, number, event_id = record["shard"], record["number"], record["event_id"]
    if int(number) <= int(item["watermarks"].get(shard, -1)):
        return item
    after = item | {"watermarks": item["watermarks"] | {shard: number}}
    if event_id is None or event_id not in item["memory"]:
        after["quantity"] = item["quantity"] - abs(record["change"])
        after["memory"] = item["memory"] + ([event_id] if event_id else [])
    return after


# %% wrong: has to be in `memory`, once, beside those before it
def process(item, record):
    shard, number, event_id = record["shard"], record["number"], record["event_id"]
    if int(number) <= int(item["watermarks"].get(shard, -1)):
        return item
    after = item | {"watermarks": item["watermarks"] | {shard: number}}
    if event_id is None or event_id not in item["memory"]:
        after["quantity"] = item["quantity"] + record["change"]
        after["memory"] = [event_id] if event_id else item["memory"]
    return after


# %% wrong: The item has moved to a shard that has no watermark yet
def process(item, record):
    shard, number, event_id = record["shard"], record["number"], record["event_id"]
    if int(number) <= int(item["watermarks"][shard]):
        return item
    after = item | {"watermarks": item["watermarks"] | {shard: number}}
    if event_id is None or event_id not in item["memory"]:
        after["quantity"] = item["quantity"] + record["change"]
        after["memory"] = item["memory"] + ([event_id] if event_id else [])
    return after


# %% wrong: Sales without an event_id (None) are not counted.
def process(item, record):
    shard, number, event_id = record["shard"], record["number"], record["event_id"]
    if int(number) <= int(item["watermarks"].get(shard, -1)):
        return item
    after = item | {"watermarks": item["watermarks"] | {shard: number}}
    if event_id and event_id not in item["memory"]:
        after["quantity"] = item["quantity"] + record["change"]
        after["memory"] = item["memory"] + [event_id]
    return after
