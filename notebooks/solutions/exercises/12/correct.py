"""A correction changes what is wrong and nothing else. The identity stays (`event_id`, `source`, `sequence`), so
that the sale is counted once, however often somebody sends it. What the correction does not cure stays
in the queue: `int(2.5)` is 2, which nobody sold. A record that makes the function fail would stop the redrive
of all others, so every problem ends in `None`.
"""


# %% solution
def correct(failed):
    """The record to send instead; None for one that this correction does not cure."""
    import json

    from inventory_lab import RawRecord

    try:
        body = json.loads(failed.payload)
        text = body["delta"]
        if not isinstance(text, str):
            return None
        body["delta"] = int(text)
    except (KeyError, TypeError, ValueError):
        return None
    return RawRecord(failed.partition_key, json.dumps(body).encode())


# %% right: a regular expression on the bytes
import re

from inventory_lab import RawRecord


def correct(failed):
    if failed.payload is None or failed.reason != "MalformedEvent":
        return None
    number = rb'"delta": \1'
    data, found = re.subn(rb'"delta":\s*"(-?[0-9]+)"', number, failed.payload)
    return RawRecord(failed.partition_key, data) if found == 1 else None


# %% right: each problem is asked for by itself
import json

from inventory_lab import RawRecord


def correct(failed):
    if failed.payload is None:
        return None
    try:
        event = json.loads(failed.payload.decode("utf-8"))
    except json.JSONDecodeError:
        return None
    match event:
        case {"delta": str(text)} if text.lstrip("-").isdigit():
            text = json.dumps({**event, "delta": int(text)}, ensure_ascii=False)
            return RawRecord(data=text.encode("utf-8"), partition_key=failed.partition_key)
    return None


# %% wrong: A delta of 2.5 is not a text.
def correct(failed):
    import json

    from inventory_lab import RawRecord

    try:
        body = json.loads(failed.payload)
        body["delta"] = int(body["delta"])
    except (KeyError, TypeError, ValueError):
        return None
    return RawRecord(failed.partition_key, json.dumps(body).encode())


# %% wrong: One bad record would stop the redrive of all
def correct(failed):
    import json

    from inventory_lab import RawRecord

    body = json.loads(failed.payload)
    body["delta"] = int(body["delta"])
    return RawRecord(failed.partition_key, json.dumps(body).encode())


# %% wrong: The new record has another event_id.
def correct(failed):
    import json

    from inventory_lab import QuantityChanged

    body = json.loads(failed.payload)
    return QuantityChanged(body["product_id"], int(body["delta"]))


# %% wrong: The new record has another source.
def correct(failed):
    import json

    from inventory_lab import QuantityChanged

    body = json.loads(failed.payload)
    return QuantityChanged(body["product_id"], int(body["delta"]), event_id=body["event_id"])


# %% wrong: return a RawRecord, or None.
def correct(failed):
    import json

    body = json.loads(failed.payload)
    body["delta"] = int(body["delta"])
    return body


# %% wrong: RawRecord(partition_key, data) takes a str and bytes
def correct(failed):
    import json

    from inventory_lab import RawRecord

    body = json.loads(failed.payload)
    body["delta"] = int(body["delta"])
    return RawRecord(failed.partition_key, json.dumps(body))


# %% wrong: It makes a whole number of "2.5".
def correct(failed):
    import json

    from inventory_lab import RawRecord

    try:
        body = json.loads(failed.payload)
        if not isinstance(body["delta"], str):
            return None
        body["delta"] = int(float(body["delta"]))
    except (KeyError, TypeError, ValueError):
        return None
    return RawRecord(failed.partition_key, json.dumps(body).encode())


# %% wrong: It has to be that of the failed record
def correct(failed):
    import json

    from inventory_lab import RawRecord

    try:
        body = json.loads(failed.payload)
        if not isinstance(body["delta"], str):
            return None
        body["delta"] = int(body["delta"])
    except (KeyError, TypeError, ValueError):
        return None
    return RawRecord(body["product_id"], json.dumps(body).encode())


# %% wrong: It is a text, also where it looks like a number
def correct(failed):
    import json

    from inventory_lab import RawRecord

    try:
        body = json.loads(failed.payload)
        if not isinstance(body["delta"], str):
            return None
        body["delta"] = int(body["delta"])
        for name, value in body.items():
            if isinstance(value, str) and value.isdigit():
                body[name] = int(value)
    except (KeyError, TypeError, ValueError):
        return None
    return RawRecord(failed.partition_key, json.dumps(body).encode())


# %% wrong: Its delta is a number already
def correct(failed):
    import json

    from inventory_lab import RawRecord

    try:
        body = json.loads(failed.payload)
        body["delta"] = int(str(body["delta"]))
    except (KeyError, TypeError, ValueError):
        return None
    return RawRecord(failed.partition_key, json.dumps(body).encode())
