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
