"""A pipe hands the batch to the enrichment as a bare list of records, and the answer to the target. So the
function decodes each record, adds its field to the event, and returns one element for each record,
in their order. Not every event has a `delta`: `get` with a default covers those that are added or removed.
An element left out would never reach the target; that is how an enrichment can also act as a filter.
"""


# %% solution
def add_large(event, context):
    """The events of a pipe's batch, each with `large`: whether 5 pieces or more were sold."""
    import base64
    import json

    facts = [json.loads(base64.b64decode(record["data"])) for record in event]
    return [fact | {"large": fact.get("delta", 0) <= -5} for fact in facts]


# %% unchanged: return [fact | {'large': fact.get('delta', 0) <= -5} for fact in facts] → return [fact | {'large': fact.get('delta', 1) <= -5} for fact in facts] -- any default above -5 stands for an event that sells nothing


# %% right: a loop with a helper inside
def add_large(event, context):
    from base64 import b64decode
    from json import loads

    def large(fact):
        return "delta" in fact and fact["delta"] <= -5

    result = []
    for record in event:
        fact = loads(b64decode(record["data"]).decode("utf-8"))
        fact["large"] = large(fact)
        result.append(fact)
    return result


# %% right: it goes by event_type
def add_large(event: list, context) -> list:
    import base64, json

    limit = 5
    out = list()
    for record in event:
        fact = json.loads(base64.b64decode(record["data"]))
        sold = -fact["delta"] if fact["event_type"] == "quantity_changed" else 0
        out.append(dict(fact, large=sold >= limit))
    print(out)
    return out


# %% right: match
def add_large(batch, _):
    import base64
    import json

    events = []
    for record in batch:
        fact = json.loads(base64.b64decode(record["data"]))
        match fact:
            case {"delta": delta} if delta <= -5:
                events.append(fact | {"large": True})
            case _:
                events.append(fact | {"large": False})
    return events


# %% wrong: A pipe sends a bare list, without Records
def add_large(event, context):
    import base64
    import json

    facts = [json.loads(base64.b64decode(r["kinesis"]["data"])) for r in event["Records"]]
    return [fact | {"large": fact.get("delta", 0) <= -5} for fact in facts]


# %% wrong: Not every event has a delta
def add_large(event, context):
    import base64
    import json

    facts = [json.loads(base64.b64decode(record["data"])) for record in event]
    return [fact | {"large": fact["delta"] <= -5} for fact in facts]


# %% wrong: The elements are still the records of the stream.
def add_large(event, context):
    for record in event:
        record["large"] = record.get("delta", 0) <= -5
    return event


# %% wrong: The pipe hands on only what you return.
def add_large(event, context):
    import base64
    import json

    facts = [json.loads(base64.b64decode(record["data"])) for record in event]
    return [fact | {"large": True} for fact in facts if fact.get("delta", 0) <= -5]


# %% wrong: For an event with delta -5, `large` is False, and should be True.
def add_large(event, context):
    import base64
    import json

    facts = [json.loads(base64.b64decode(record["data"])) for record in event]
    return [fact | {"large": fact.get("delta", 0) < -5} for fact in facts]


# %% wrong: A positive delta is a delivery, not a sale.
def add_large(event, context):
    import base64
    import json

    facts = [json.loads(base64.b64decode(record["data"])) for record in event]
    return [fact | {"large": abs(fact.get("delta", 0)) >= 5} for fact in facts]


# %% wrong: return a list with one element for each record
def add_large(event, context):
    import base64
    import json

    fact = json.loads(base64.b64decode(event[0]["data"]))
    return fact | {"large": fact.get("delta", 0) <= -5}


# %% wrong: of the event is lost. Keep all fields, and add one.
def add_large(event, context):
    import base64
    import json

    facts = [json.loads(base64.b64decode(record["data"])) for record in event]
    return [
        {"product_id": fact["product_id"], "large": fact.get("delta", 0) <= -5} for fact in facts
    ]


# %% wrong: Each element is a dictionary: decode the base64 of `data`
def add_large(event, context):
    import base64

    return [base64.b64decode(record["data"]).decode() for record in event]


# %% wrong: it must be True or False
def add_large(event, context):
    import base64
    import json

    facts = [json.loads(base64.b64decode(record["data"])) for record in event]
    return [fact | {"large": "yes" if fact.get("delta", 0) <= -5 else "no"} for fact in facts]


# %% wrong: `data` is base64: decode it before you read it as JSON
def add_large(event, context):
    import json

    facts = [json.loads(record["data"]) for record in event]
    return [fact | {"large": fact.get("delta", 0) <= -5} for fact in facts]


# %% wrong: The text is UTF-8.
def add_large(event, context):
    import base64
    import json

    texts = [base64.b64decode(record["data"]).decode("latin-1") for record in event]
    return [fact | {"large": fact.get("delta", 0) <= -5} for fact in map(json.loads, texts)]


# %% wrong: It returns a generator
def add_large(event, context):
    import base64
    import json

    for record in event:
        fact = json.loads(base64.b64decode(record["data"]))
        yield fact | {"large": fact.get("delta", 0) <= -5}


# %% wrong: It uses base64, which comes from outside the function.
import base64
import json


def add_large(event, context):
    facts = [json.loads(base64.b64decode(record["data"])) for record in event]
    return [fact | {"large": fact.get("delta", 0) <= -5} for fact in facts]


# %% wrong: It uses decoded, which comes from outside the function.
def decoded(record):
    import base64
    import json

    return json.loads(base64.b64decode(record["data"]))


def add_large(event, context):
    return [fact | {"large": fact.get("delta", 0) <= -5} for fact in map(decoded, event)]


# %% wrong: Annotations, defaults and decorators must not use a name of the notebook
from typing import Any


def add_large(event: list[Any], context: Any) -> list[Any]:
    import base64, json

    facts = [json.loads(base64.b64decode(record["data"])) for record in event]
    return [fact | {"large": fact.get("delta", 0) <= -5} for fact in facts]


# %% wrong: An event also gets the field delta
def add_large(event, context):
    import base64, json

    facts = [json.loads(base64.b64decode(record["data"])) for record in event]
    for f in facts:
        f.setdefault("delta", 0)
        f["large"] = f["delta"] <= -5
    return facts


# %% wrong: A pipe's record is flat
def add_large(event, context):
    import base64, json

    facts = [json.loads(base64.b64decode(record["kinesis"]["data"])) for record in event]
    return [fact | {"large": fact.get("delta", 0) <= -5} for fact in facts]
