"""The answer of `PutRecords` has one result per record, in the order of the request, so `zip` brings
them together. What failed becomes the request of the next call, after a pause in which the shard comes
under its limit again. A loop ends by itself when nothing failed. A producer for production gives up
after some attempts and says what it could not store, and lengthens the pause each time by a random
amount; `lab.publish` does both.
"""


# %% solution
def put_all(kinesis, stream, entries, sleep):
    """Store all entries; how many had to be sent again."""
    sent_again = 0
    while entries:
        answer = kinesis.put_records(StreamName=stream, Records=entries)
        results = zip(entries, answer["Records"])
        entries = [entry for entry, result in results if "ErrorCode" in result]
        sent_again += len(entries)
        if entries:
            sleep(1)
    return sent_again


# %% unchanged: sleep(1) → sleep(2) -- a longer pause is right as well


# %% right: recursion
def put_all(kinesis, stream, entries, sleep):
    answer = kinesis.put_records(StreamName=stream, Records=entries)
    failed = [entries[i] for i, r in enumerate(answer["Records"]) if r.get("ErrorCode")]
    if not failed:
        return 0
    sleep(1)
    return len(failed) + put_all(kinesis, stream, failed, sleep)


# %% right: it goes by FailedRecordCount and SequenceNumber, with an index
def put_all(kinesis, stream, entries, sleep):
    count = 0
    todo = list(entries)
    answer = kinesis.put_records(Records=todo, StreamName=stream)
    while answer["FailedRecordCount"] > 0:
        again = []
        for index in range(len(todo)):
            if "SequenceNumber" not in answer["Records"][index]:
                again.append(todo[index])
        todo = again
        count += answer["FailedRecordCount"]
        sleep(1.0)
        answer = kinesis.put_records(Records=todo, StreamName=stream)
    return count


# %% right: pauses that become longer, and new dictionaries
def put_all(kinesis, stream: str, entries: list[dict], sleep) -> int:
    pending, total, pause = entries, 0, 1
    while True:
        result = kinesis.put_records(
            StreamName=stream,
            Records=[dict(Data=e["Data"], PartitionKey=e["PartitionKey"]) for e in pending],
        )
        if not result["FailedRecordCount"]:
            return total
        pending = [
            e
            for e, r in zip(pending, result["Records"], strict=True)
            if r.get("ErrorCode") is not None
        ]
        total += len(pending)
        print("again", len(pending))
        sleep(pause)
        pause = min(pause * 2, 20)


# %% wrong: PutRecords answered 200, but records were refused and are lost: 2 of 7.
def put_all(kinesis, stream, entries, sleep):
    answer = kinesis.put_records(StreamName=stream, Records=entries)
    return answer["FailedRecordCount"]


# %% wrong: Records are in the stream twice: 10.
def put_all(kinesis, stream, entries, sleep):
    sent_again = 0
    while kinesis.put_records(StreamName=stream, Records=entries)["FailedRecordCount"]:
        sent_again += len(entries)
        sleep(1)
    return sent_again


# %% wrong: they were refused again when they were sent again
def put_all(kinesis, stream, entries, sleep):
    answer = kinesis.put_records(StreamName=stream, Records=entries)
    failed = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
    if failed:
        sleep(1)
        kinesis.put_records(StreamName=stream, Records=failed)
    return len(failed)


# %% wrong: It sends again at once.
def put_all(kinesis, stream, entries, sleep):
    sent_again = 0
    while entries:
        answer = kinesis.put_records(StreamName=stream, Records=entries)
        entries = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
        sent_again += len(entries)
    return sent_again


# %% wrong: Send again only the records whose result has an ErrorCode
def put_all(kinesis, stream, entries, sleep):
    failed = kinesis.put_records(StreamName=stream, Records=entries)["FailedRecordCount"]
    total = failed
    while failed:
        sleep(1)
        entries = entries[-failed:]
        failed = kinesis.put_records(StreamName=stream, Records=entries)["FailedRecordCount"]
        total += failed
    return total


# %% wrong: return how many records it sent again, 0 when none
def put_all(kinesis, stream, entries, sleep):
    while entries:
        answer = kinesis.put_records(StreamName=stream, Records=entries)
        entries = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
        if entries:
            sleep(1)


# %% wrong: compare each answer with the records that its own call sent
def put_all(kinesis, stream, entries, sleep):
    again = 0
    answer = kinesis.put_records(StreamName=stream, Records=entries)
    while answer["FailedRecordCount"]:
        sleep(1)
        failed = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
        again += len(failed)
        answer = kinesis.put_records(StreamName=stream, Records=failed)
    return again


# %% wrong: Records are lost, 1 of 7: they were refused again
def put_all(kinesis, stream, entries, sleep):
    again = 0
    for attempt in range(5):
        answer = kinesis.put_records(StreamName=stream, Records=entries)
        entries = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
        if not entries:
            break
        again += len(entries)
        sleep(1)
    return again


# %% wrong: It sends records one by one with put_record.
def put_all(kinesis, stream, entries, sleep):
    answer = kinesis.put_records(StreamName=stream, Records=entries)
    failed = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
    for entry in failed:
        sleep(1)
        kinesis.put_record(StreamName=stream, **entry)
    return len(failed)


# %% wrong: The shard is still over its limit then: call sleep(…) before, the argument.
def put_all(kinesis, stream, entries, sleep):
    import time

    again = 0
    while entries:
        answer = kinesis.put_records(StreamName=stream, Records=entries)
        entries = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
        again += len(entries)
        time.sleep(1)
    return again


# %% wrong: Your function sends the same records again for ever
def put_all(kinesis, stream, entries, sleep):
    answer = kinesis.put_records(StreamName=stream, Records=entries)
    again = 0
    while answer["FailedRecordCount"]:
        failed = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
        again += len(failed)
        sleep(1)
        kinesis.put_records(StreamName=stream, Records=failed)
    return again


# %% wrong: Ask with "ErrorCode" in result.
def put_all(kinesis, stream, entries, sleep):
    answer = kinesis.put_records(StreamName=stream, Records=entries)
    failed = []
    for entry, result in zip(entries, answer["Records"]):
        if result["ErrorCode"]:
            failed.append(entry)
    return len(failed)


# %% wrong: those that failed with InternalFailure
def put_all(kinesis, stream, entries, sleep):
    again = 0
    while entries:
        answer = kinesis.put_records(StreamName=stream, Records=entries)
        entries = [
            e
            for e, result in zip(entries, answer["Records"])
            if result.get("ErrorCode") == "ProvisionedThroughputExceededException"
        ]
        if entries:
            again += len(entries)
            sleep(1)
    return again


# %% wrong: it sends them in calls of their own
def put_all(kinesis, stream, entries, sleep):
    again = 0
    answer = kinesis.put_records(StreamName=stream, Records=entries)
    for entry, result in zip(entries, answer["Records"]):
        while "ErrorCode" in result:
            sleep(1)
            again += 1
            result = kinesis.put_records(StreamName=stream, Records=[entry])["Records"][0]
    return again


# %% wrong: It changes the list `entries`
def put_all(kinesis, stream, entries, sleep):
    again = 0
    while entries:
        answer = kinesis.put_records(StreamName=stream, Records=entries)
        entries[:] = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
        if entries:
            again += len(entries)
            sleep(1)
    return again


# %% wrong: are lost. They are records of their own
def put_all(kinesis, stream, entries, sleep):
    again = 0
    while entries:
        answer = kinesis.put_records(StreamName=stream, Records=entries)
        stored = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" not in result]
        entries = [e for e in entries if e not in stored]
        if entries:
            again += len(entries)
            sleep(1)
    return again


# %% wrong: sleep(0.1) is not the pause
def put_all(kinesis, stream, entries, sleep):
    again = 0
    while entries:
        answer = kinesis.put_records(StreamName=stream, Records=entries)
        entries = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
        if entries:
            again += len(entries)
            sleep(0.1)
    return again


# %% wrong: one pause before each new call is enough
def put_all(kinesis, stream, entries, sleep):
    again = 0
    while entries:
        answer = kinesis.put_records(StreamName=stream, Records=entries)
        entries = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
        if entries:
            again += len(entries)
            for _ in entries:
                sleep(1)
    return again


# %% wrong: let it come out
def put_all(kinesis, stream, entries, sleep):
    again = 0
    while entries:
        try:
            answer = kinesis.put_records(StreamName=stream, Records=entries)
        except Exception:
            break
        entries = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
        if entries:
            again += len(entries)
            sleep(1)
    return again


# %% wrong: It sends a record with the key 'Phone'
def put_all(kinesis, stream, entries, sleep):
    again = 0
    while entries:
        answer = kinesis.put_records(
            StreamName=stream,
            Records=[{"Data": e["Data"], "PartitionKey": "Phone"} for e in entries],
        )
        entries = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
        if entries:
            again += len(entries)
            sleep(1)
    return again


# %% wrong: It sent 4 records again and returns 11
def put_all(kinesis, stream, entries, sleep):
    again = 0
    while entries:
        again += len(entries)
        answer = kinesis.put_records(StreamName=stream, Records=entries)
        entries = [e for e, result in zip(entries, answer["Records"]) if "ErrorCode" in result]
        if entries:
            sleep(1)
    return again


# %% wrong: they were refused again when they were sent again
def put_all(kinesis, stream, entries, sleep):
    n = 0
    for _ in range(20):
        answer = kinesis.put_records(StreamName=stream, Records=entries)
        entries = [e for e, r in zip(entries, answer["Records"]) if "ErrorCode" in r]
        n += len(entries)
        if not entries:
            return n
        sleep(1)


# %% wrong: Its first call sends 1 of 7 entries
def put_all(kinesis, stream, entries, sleep):
    again = 0
    for e in entries:
        while kinesis.put_records(StreamName=stream, Records=[e])["FailedRecordCount"]:
            again += 1
            sleep(1)
    return again


# %% wrong: compare each answer with the records that its own call sent
def put_all(kinesis, stream, entries, sleep):
    n = 0
    answer = kinesis.put_records(StreamName=stream, Records=entries)
    while answer["FailedRecordCount"]:
        sleep(1)
        entries = [e for e, r in zip(entries, answer["Records"]) if "ErrorCode" in r]
        n += answer["FailedRecordCount"]
        answer = kinesis.put_records(
            StreamName=stream,
            Records=sorted(entries, key=lambda e: e["PartitionKey"], reverse=True),
        )
    return n
