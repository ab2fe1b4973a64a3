"""The function sends an alert before it commits the new stock, so after a crash it may send the alert again:
a repeat, never a gap. All repeats of one crossing carry the same `deduplication_id`, made from the product, the shard
and the sequence number of the record that caused it. The product alone is the wrong key: its next
shortage would be dropped. `seen` has to outlive the program that reads; in production it is a table with
a time to live longer than the queue keeps its messages.
"""


# %% solution
def new_alerts(alerts, seen):
    """The alerts that nobody has acted on yet; `seen` then knows them."""
    fresh = []
    for alert in alerts:
        identity = alert["deduplication_id"]
        if identity not in seen:
            seen.add(identity)
            fresh.append(alert)
    return fresh


# %% right: a dictionary keeps the order, and `seen` is updated at the end
def new_alerts(alerts: list[dict], seen: set[str]) -> list[dict]:
    fresh = {}
    for alert in alerts:
        if alert["deduplication_id"] not in seen:
            fresh.setdefault(alert["deduplication_id"], alert)
    seen.update(fresh)
    return list(fresh.values())


# %% right: a helper, and ids together with their product
def new_alerts(alerts, seen):
    def is_new(alert):
        before = len(seen)
        seen.add((alert["product_id"], alert["deduplication_id"]))
        return len(seen) > before

    return list(filter(is_new, alerts))


# %% wrong: A product can run short twice
def new_alerts(alerts, seen):
    fresh = []
    for alert in alerts:
        if alert["product_id"] not in seen:
            seen.add(alert["product_id"])
            fresh.append(alert)
    return fresh


# %% wrong: even with the same number of pieces
def new_alerts(alerts, seen):
    fresh = []
    for alert in alerts:
        what = alert["product_id"], alert["quantity"]
        if what not in seen:
            seen.add(what)
            fresh.append(alert)
    return fresh


# %% wrong: the same alert is listed twice. Remember its id at once.
def new_alerts(alerts, seen):
    fresh = [alert for alert in alerts if alert["deduplication_id"] not in seen]
    seen.update(alert["deduplication_id"] for alert in alerts)
    return fresh


# %% wrong: so that the next call knows them
def new_alerts(alerts, seen):
    fresh, known = [], set(seen)
    for alert in alerts:
        if alert["deduplication_id"] not in known:
            known.add(alert["deduplication_id"])
            fresh.append(alert)
    return fresh


# %% wrong: return a list of the alerts to act on
def new_alerts(alerts, seen):
    for alert in alerts:
        seen.add(alert["deduplication_id"])
    return seen


# %% wrong: What is in `seen` must stay there
def new_alerts(alerts, seen):
    fresh = []
    for alert in alerts:
        identity = alert["deduplication_id"]
        if identity not in seen:
            seen.add(identity)
            fresh.append(alert)
    seen.clear()
    seen.update(alert["deduplication_id"] for alert in alerts)
    return fresh


# %% wrong: the alert of Lamp is new, and it is not in the list
def new_alerts(alerts, seen):
    fresh = []
    for alert in alerts:
        identity = alert["deduplication_id"]
        if identity not in seen:
            seen.add(identity)
            fresh.append(alert)
    return [alert for alert in fresh if alert["alert"] == "low"]


# %% wrong: do not compare the other fields
def new_alerts(alerts, seen):
    fresh = []
    for alert in alerts:
        identity = tuple(sorted(alert.items()))
        if identity not in seen:
            seen.add(identity)
            fresh.append(alert)
    return fresh


# %% wrong: the alerts are in another order
def new_alerts(alerts, seen):
    known = {alert["deduplication_id"]: alert for alert in alerts}
    fresh = sorted(set(known) - seen)
    seen.update(fresh)
    return [known[identity] for identity in fresh]


# %% wrong: Return the alerts as they came
def new_alerts(alerts, seen):
    fresh = []
    for alert in alerts:
        identity = alert.pop("deduplication_id")
        if identity not in seen:
            seen.add(identity)
            fresh.append(alert)
    return fresh


# %% wrong: It returns a generator
def new_alerts(alerts, seen):
    for alert in alerts:
        identity = alert["deduplication_id"]
        if identity not in seen:
            seen.add(identity)
            yield alert


# %% wrong: Remember the ids in `seen` alone.
known = set()


def new_alerts(alerts, seen):
    fresh = []
    for alert in alerts:
        if alert["deduplication_id"] not in known:
            known.add(alert["deduplication_id"])
            fresh.append(alert)
    return fresh
