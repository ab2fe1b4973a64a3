"""The partition key decides the shard, and so the order: all events of a product go to one shard. A busy shard
refuses a call with `ProvisionedThroughputExceededException`; the record is then not in the stream, so the
same one is sent again after a pause, and the next one waits for it. Any other error is not cured by
waiting and goes to the caller. One call per event is easy to understand and slow; notebook 02 sends 500
records in one call.
"""


# %% solution
def publish(kinesis, stream, events, sleep):
    """Put every event into the stream, in order; how many there were."""
    import json

    published = 0
    for event in events:
        record = {"Data": json.dumps(event).encode(), "PartitionKey": event["product_id"]}
        stored = False
        while not stored:
            try:
                kinesis.put_record(StreamName=stream, **record)
                stored = True
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                sleep(1)
        published += 1
    return published


# %% unchanged: sleep(1) → sleep(2) -- a longer pause is right as well


# %% right: it reads the code of a ClientError
import json
from botocore.exceptions import ClientError


def publish(kinesis, stream, events, sleep):
    for event in events:
        while True:
            try:
                kinesis.put_record(
                    PartitionKey=event["product_id"],
                    Data=bytes(json.dumps(event), "utf-8"),
                    StreamName=stream,
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ProvisionedThroughputExceededException":
                    raise
                sleep(1)
            else:
                break
    return len(events)


# %% right: a recursive helper, pauses that become longer, and text as data
import json


def send(kinesis, stream, event, sleep, pause=1):
    try:
        return kinesis.put_record(
            StreamName=stream,
            Data=json.dumps(event, indent=2, ensure_ascii=False),
            PartitionKey=event["product_id"],
        )
    except kinesis.exceptions.ProvisionedThroughputExceededException:
        sleep(pause)
        return send(kinesis, stream, event, sleep, min(pause * 2, 30))


def publish(kinesis, stream, events, sleep):
    return sum(1 for event in events if send(kinesis, stream, event, sleep))


# %% right: it gives up after ten tries, with AWS's error
def publish(kinesis, stream, events, sleep):
    import json

    for event in events:
        for attempt in range(10):
            try:
                kinesis.put_record(
                    StreamName=stream,
                    Data=json.dumps(event).encode(),
                    PartitionKey=event["product_id"],
                )
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                if attempt == 9:
                    raise
                sleep(1)
    return len(events)


# %% right: a bytearray, and pauses of two seconds
def publish(kinesis, stream, events, sleep):
    import json

    count = 0
    for event in list(events):
        body = bytearray(json.dumps(event).encode())
        while True:
            try:
                kinesis.put_record(StreamName=stream, Data=body, PartitionKey=event["product_id"])
                count = count + 1
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                sleep(2)
    return count


# %% wrong: ProvisionedThroughputExceededException
def publish(kinesis, stream, events, sleep):
    import json

    for event in events:
        kinesis.put_record(
            StreamName=stream, Data=json.dumps(event).encode(), PartitionKey=event["product_id"]
        )
    return len(events)


# %% wrong: events are not in the stream
def publish(kinesis, stream, events, sleep):
    import json

    for event in events:
        try:
            kinesis.put_record(
                StreamName=stream, Data=json.dumps(event).encode(), PartitionKey=event["product_id"]
            )
        except kinesis.exceptions.ProvisionedThroughputExceededException:
            sleep(1)
    return len(events)


# %% wrong: Use the product, so that the events of a product stay in order.
def publish(kinesis, stream, events, sleep):
    import json

    for event in events:
        while True:
            try:
                kinesis.put_record(
                    StreamName=stream, Data=json.dumps(event), PartitionKey=event["event_id"]
                )
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                sleep(1)
    return len(events)


# %% wrong: Encode the event as JSON
def publish(kinesis, stream, events, sleep):
    for event in events:
        while True:
            try:
                kinesis.put_record(
                    StreamName=stream, Data=str(event), PartitionKey=event["product_id"]
                )
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                sleep(1)
    return len(events)


# %% wrong: your function says nothing, and the events are lost
def publish(kinesis, stream, events, sleep):
    import json

    for event in events:
        for attempt in range(5):
            try:
                kinesis.put_record(
                    StreamName=stream, Data=json.dumps(event), PartitionKey=event["product_id"]
                )
                break
            except Exception:
                sleep(1)
    return len(events)


# %% wrong: It tries again at once.
def publish(kinesis, stream, events, sleep):
    import json

    for event in events:
        while True:
            try:
                kinesis.put_record(
                    StreamName=stream, Data=json.dumps(event), PartitionKey=event["product_id"]
                )
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                pass
    return len(events)


# %% wrong: It pauses for 0.1 seconds
def publish(kinesis, stream, events, sleep):
    import json

    for event in events:
        while True:
            try:
                kinesis.put_record(
                    StreamName=stream,
                    Data=json.dumps(event).encode(),
                    PartitionKey=event["product_id"],
                )
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                sleep(0.1)
    return len(events)


# %% wrong: It pauses although the record was stored
def publish(kinesis, stream, events, sleep):
    import json

    for event in events:
        while True:
            sleep(1)
            try:
                kinesis.put_record(
                    StreamName=stream,
                    Data=json.dumps(event).encode(),
                    PartitionKey=event["product_id"],
                )
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                pass
    return len(events)


# %% wrong: It writes to another stream
def publish(kinesis, stream, events, sleep):
    import json

    for event in events:
        while True:
            try:
                kinesis.put_record(
                    StreamName="orders",
                    Data=json.dumps(event).encode(),
                    PartitionKey=event["product_id"],
                )
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                sleep(1)
    return len(events)


# %% wrong: gives up an event and says nothing
def publish(kinesis, stream, events, sleep):
    import json

    for event in events:
        for _ in range(3):
            try:
                kinesis.put_record(
                    StreamName=stream,
                    Data=json.dumps(event).encode(),
                    PartitionKey=event["product_id"],
                )
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                sleep(1)
    return len(events)


# %% wrong: A record differs from its event in product_id
def publish(kinesis, stream, events, sleep):
    import json

    for event in events:
        product = event.pop("product_id")
        while True:
            try:
                kinesis.put_record(
                    StreamName=stream, Data=json.dumps(event).encode(), PartitionKey=product
                )
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                sleep(1)
    return len(events)


# %% wrong: A record differs from its event in event_id
def publish(kinesis, stream, events, sleep):
    import json
    from uuid import uuid4

    for event in events:
        while True:
            try:
                event["event_id"] = str(uuid4())
                kinesis.put_record(
                    StreamName=stream,
                    Data=json.dumps(event).encode(),
                    PartitionKey=event["product_id"],
                )
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                sleep(1)
    return len(events)


# %% wrong: are in the stream in the order a, c, b
def publish(kinesis, stream, events, sleep):
    import json

    waiting = list(events)
    while waiting:
        event = waiting.pop(0)
        try:
            kinesis.put_record(
                StreamName=stream, Data=json.dumps(event).encode(), PartitionKey=event["product_id"]
            )
        except kinesis.exceptions.ProvisionedThroughputExceededException:
            sleep(1)
            waiting.append(event)
    return len(events)


# %% wrong: Send again only the event that was refused
def publish(kinesis, stream, events, sleep):
    import json

    while True:
        try:
            for event in events:
                kinesis.put_record(
                    StreamName=stream,
                    Data=json.dumps(event).encode(),
                    PartitionKey=event["product_id"],
                )
            return len(events)
        except kinesis.exceptions.ProvisionedThroughputExceededException:
            sleep(1)


# %% wrong: It changes the list `events`
def publish(kinesis, stream, events, sleep):
    import json

    number = 0
    while events:
        try:
            kinesis.put_record(
                StreamName=stream,
                Data=json.dumps(events[0]).encode(),
                PartitionKey=events[0]["product_id"],
            )
            del events[0]
            number += 1
        except kinesis.exceptions.ProvisionedThroughputExceededException:
            sleep(1)
    return number


# %% wrong: It calls put_records
def publish(kinesis, stream, events, sleep):
    import json

    records = [
        {"Data": json.dumps(event).encode(), "PartitionKey": event["product_id"]}
        for event in events
    ]
    kinesis.put_records(StreamName=stream, Records=records)
    return len(records)


# %% wrong: time.sleep does not move the clock of the lab
def publish(kinesis, stream, events, sleep):
    import json, time

    for event in events:
        while True:
            try:
                kinesis.put_record(
                    StreamName=stream,
                    Data=json.dumps(event).encode(),
                    PartitionKey=event["product_id"],
                )
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                time.sleep(1)
    return len(events)


# %% wrong: boto3 encodes it by itself on the way
def publish(kinesis, stream, events, sleep):
    import json, base64

    for event in events:
        while True:
            try:
                kinesis.put_record(
                    StreamName=stream,
                    Data=base64.b64encode(json.dumps(event).encode()),
                    PartitionKey=event["product_id"],
                )
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                sleep(1)
    return len(events)
