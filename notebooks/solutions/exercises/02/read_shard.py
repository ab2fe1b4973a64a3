"""`TRIM_HORIZON` is the oldest record that the shard still has. Each answer brings a page and the iterator
of the next one. Two things end the loop: `MillisBehindLatest` is 0, so the reader has caught up with the
newest record; or there is no `NextShardIterator`, because the shard is closed and read to its end. An
empty page ends nothing: Kinesis answers with one where a stretch of the shard holds no record.
"""


# %% solution
def read_shard(kinesis, stream, shard_id):
    """All records of the shard, the oldest first."""
    records, behind = [], 1
    start = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )
    iterator = start["ShardIterator"]
    while iterator and behind:
        page = kinesis.get_records(ShardIterator=iterator)
        records.extend(page["Records"])
        iterator, behind = page.get("NextShardIterator"), page["MillisBehindLatest"]
    return records


# %% unchanged: records, behind = ([], 1) → records, behind = ([], 2) -- before the first page any number but 0 lets the loop begin


# %% right: break, append, and a Limit
def read_shard(kinesis, stream, shard_id):
    records = []
    iterator = kinesis.get_shard_iterator(
        ShardIteratorType="TRIM_HORIZON", ShardId=shard_id, StreamName=stream
    )["ShardIterator"]
    while True:
        answer = kinesis.get_records(ShardIterator=iterator, Limit=1000)
        for record in answer["Records"]:
            records.append(record)
        if answer["MillisBehindLatest"] == 0 or "NextShardIterator" not in answer:
            break
        iterator = answer["NextShardIterator"]
    return records


# %% right: a generator of pages with pauses
import time


def pages(kinesis, iterator):
    while iterator is not None:
        page = kinesis.get_records(ShardIterator=iterator)
        yield page
        if page["MillisBehindLatest"] <= 0:
            return
        time.sleep(0.2)
        iterator = page.get("NextShardIterator", None)


def read_shard(kinesis, stream, shard_id):
    first = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )
    return [record for page in pages(kinesis, first["ShardIterator"]) for record in page["Records"]]


# %% right: StreamARN instead of StreamName
def read_shard(kinesis, stream, shard_id):
    records = []
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"][
        "StreamARN"
    ]
    iterator = kinesis.get_shard_iterator(
        StreamARN=arn, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator, StreamARN=arn)
        records += page["Records"]
        iterator = page.get("NextShardIterator") if page["MillisBehindLatest"] != 0 else None
    return records


# %% wrong: It returns the first page alone.
def read_shard(kinesis, stream, shard_id):
    start = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )
    return kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]


# %% wrong: A page may be empty in the middle of a shard
def read_shard(kinesis, stream, shard_id):
    records = []
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while True:
        page = kinesis.get_records(ShardIterator=iterator)
        if not page["Records"] and records and len(records) >= 2:
            return records
        records += page["Records"]
        iterator = page["NextShardIterator"]


# %% wrong: LATEST begins behind the newest record
def read_shard(kinesis, stream, shard_id):
    records = []
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="LATEST"
    )["ShardIterator"]
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator)
        records += page["Records"]
        if page["MillisBehindLatest"] == 0:
            return records
        iterator = page["NextShardIterator"]
    return records


# %% wrong: It reads on for ever.
def read_shard(kinesis, stream, shard_id):
    records = []
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator)
        records += page["Records"]
        iterator = page["NextShardIterator"]
    return records


# %% wrong: It reads the first page again and again.
def read_shard(kinesis, stream, shard_id):
    records, behind = [], 1
    while behind:
        start = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
        )
        page = kinesis.get_records(ShardIterator=start["ShardIterator"])
        records += page["Records"]
        behind = page["MillisBehindLatest"]
    return records


# %% wrong: It returns a list of pages.
def read_shard(kinesis, stream, shard_id):
    pages = []
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator)
        pages.append(page["Records"])
        iterator = page["NextShardIterator"] if page["MillisBehindLatest"] else None
    return pages


# %% wrong: This shard is closed, so its last page has no NextShardIterator
def read_shard(kinesis, stream, shard_id):
    records = []
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while True:
        page = kinesis.get_records(ShardIterator=iterator)
        records += page["Records"]
        if page["MillisBehindLatest"] == 0:
            return records
        iterator = page["NextShardIterator"]


# %% wrong: Return the records as GetRecords gives them
def read_shard(kinesis, stream, shard_id):
    records, behind = [], 1
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while iterator and behind:
        page = kinesis.get_records(ShardIterator=iterator)
        records += [record["Data"] for record in page["Records"]]
        iterator, behind = page.get("NextShardIterator"), page["MillisBehindLatest"]
    return records


# %% wrong: It reads another shard than the argument `shard_id` says.
def read_shard(kinesis, stream, shard_id):
    records, behind = [], 1
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while iterator and behind:
        page = kinesis.get_records(ShardIterator=iterator)
        records += page["Records"]
        iterator, behind = page.get("NextShardIterator"), page["MillisBehindLatest"]
    return records


# %% wrong: and many in a row
def read_shard(kinesis, stream, shard_id):
    records = []
    start = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )
    iterator = start["ShardIterator"]
    empty = 0
    while iterator and empty < 3:
        page = kinesis.get_records(ShardIterator=iterator)
        records.extend(page["Records"])
        empty = 0 if page["Records"] else empty + 1
        iterator = page.get("NextShardIterator")
    return records


# %% wrong: of 11 records, in 9 calls
def read_shard(kinesis, stream, shard_id):
    records = []
    start = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )
    iterator = start["ShardIterator"]
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator)
        records.extend(page["Records"])
        if page["MillisBehindLatest"] < 1000:
            break
        iterator = page.get("NextShardIterator")
    return records


# %% wrong: It has all records and reads on
def read_shard(kinesis, stream, shard_id):
    records = []
    start = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )
    iterator = start["ShardIterator"]
    for _ in range(25):
        page = kinesis.get_records(ShardIterator=iterator)
        records.extend(page["Records"])
        if not iterator:
            break
        iterator = page.get("NextShardIterator")
    return records


# %% wrong: Some records of the shard have the same data
def read_shard(kinesis, stream, shard_id):
    records = {}
    start = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )
    iterator = start["ShardIterator"]
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator)
        for record in page["Records"]:
            records[record["Data"]] = record
        if page["MillisBehindLatest"] == 0:
            break
        iterator = page.get("NextShardIterator")
    return list(records.values())


# %% wrong: the records of the last one are missing
def read_shard(kinesis, stream, shard_id):
    records = []
    start = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )
    iterator = start["ShardIterator"]
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator)
        if page["MillisBehindLatest"] == 0:
            break
        records.extend(page["Records"])
        iterator = page.get("NextShardIterator")
    return records


# %% wrong: take its "ShardIterator"
def read_shard(kinesis, stream, shard_id):
    records = []
    start = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )
    iterator = start
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator)
        records.extend(page["Records"])
        if page["MillisBehindLatest"] == 0:
            break
        iterator = page.get("NextShardIterator")
    return records


# %% wrong: It returns a generator, not the list of the records.
def read_shard(kinesis, stream, shard_id):
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator)
        yield from page["Records"]
        iterator = page.get("NextShardIterator") if page["MillisBehindLatest"] else None


# %% wrong: their data are bytes
def read_shard(kinesis, stream, shard_id):
    records = []
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator)
        for record in page["Records"]:
            records.append(record | {"Data": record["Data"].decode()})
        iterator = page.get("NextShardIterator") if page["MillisBehindLatest"] else None
    return records


# %% wrong: One flat list of the records is expected
def read_shard(kinesis, stream, shard_id):
    records = []
    iterator = kinesis.get_shard_iterator(
        StreamName=stream, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator)
        records.append(page)
        if page["MillisBehindLatest"] == 0:
            break
        iterator = page.get("NextShardIterator")
    return records
