"""Three places know the event under three names. In the stream it is an `event_id` inside the data. The pipe
knows the record by its `eventID`, shard and sequence number, and only the first line of an execution has the
batch; the `executionId` leads to how it ended. The function's report names the first and the last record of a batch. A
batch may be tried several times, so there are lists: a failed execution and then a successful one is the
usual life of an event, not an error. In the console, CloudWatch Logs Insights asks the same questions.
"""


# %% solution
def trace(records, logs, pipe_log, function_log, event_id):
    """Where an event is stored, how its executions ended, and the reports that cover it."""
    import json

    def lines(group, pattern):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=pattern
        )
        return [json.loads(line["message"]) for page in pages for line in page["events"]]

    stored = [(shard, record) for shard in records for record in records[shard]]
    for shard, record in stored:
        if json.loads(record["Data"])["event_id"] == event_id:
            number = int(record["SequenceNumber"])
            address, log = f"{shard}:{number}", lines(pipe_log, "")
            carried = {line["executionId"] for line in log if address in line.get("payload", "")}
            ended = ("ExecutionSucceeded", "ExecutionPartiallyFailed", "ExecutionFailed")
            outcomes = [line for line in log if line["messageType"] in ended]
            reports = [
                report
                for report in lines(function_log, '"batch"')
                if report["shard_id"] == shard
                and int(report["first"]) <= number <= int(report["last"])
            ]
            return {
                "record": address,
                "pipe": [o["messageType"] for o in outcomes if o["executionId"] in carried],
                "reports": reports,
            }


# %% unchanged: address, log = (f'{shard}:{number}', lines(pipe_log, '')) → address, log = (f'{shard}:{number}', lines(pipe_log, 'x')) -- every line of the pipe's log has an x, in Execution

# %% unchanged: carried = {line['executionId'] for line in log if address in line.get('payload', '')} → carried = {line['executionId'] for line in log if address in line.get('payload', 'x')} -- no address is in x either


# %% wrong: It reads the first page of a log alone.
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    for shard, stored in records.items():
        for record in stored:
            if json.loads(record["Data"])["event_id"] == event_id:
                address = shard + ":" + record["SequenceNumber"]
                events = logs.filter_log_events(logGroupName=pipe_log)["events"]
                log = [json.loads(event["message"]) for event in events]
                ids = [line["executionId"] for line in log if address in line.get("payload", "")]
                ended = [line["messageType"] for line in log if line["executionId"] in ids]
                return {"record": address, "pipe": ended[-1:], "reports": []}


# %% wrong: leave out ExecutionStarted and the lines of the stages
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    def lines(group, pattern):
        pages = logs.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group, filterPattern=pattern):
            for event in page["events"]:
                yield json.loads(event["message"])

    for shard, stored in records.items():
        for record in stored:
            if json.loads(record["Data"])["event_id"] == event_id:
                number = record["SequenceNumber"]
                address = f"{shard}:{number}"
                log = list(lines(pipe_log, ""))
                ids = {line["executionId"] for line in log if address in line.get("payload", "")}
                reports = [
                    report
                    for report in lines(function_log, '"batch"')
                    if report["shard_id"] == shard and report["first"] <= number <= report["last"]
                ]
                pipe = [line["messageType"] for line in log if line["executionId"] in ids]
                return {"record": address, "pipe": pipe, "reports": reports}


# %% wrong: Only the first line of an execution has a payload
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    def lines(group, pattern):
        pages = logs.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group, filterPattern=pattern):
            for event in page["events"]:
                yield json.loads(event["message"])

    for shard, stored in records.items():
        for record in stored:
            if json.loads(record["Data"])["event_id"] == event_id:
                address = f"{shard}:{record['SequenceNumber']}"
                pipe = [
                    line["messageType"]
                    for line in lines(pipe_log, f'"{address}"')
                    if line["messageType"] != "ExecutionStarted"
                ]
                return {"record": address, "pipe": pipe, "reports": []}


# %% wrong: `reports` has one of another shard.
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    def lines(group, pattern):
        pages = logs.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group, filterPattern=pattern):
            for event in page["events"]:
                yield json.loads(event["message"])

    for shard, stored in records.items():
        for record in stored:
            if json.loads(record["Data"])["event_id"] == event_id:
                number = record["SequenceNumber"]
                address = f"{shard}:{number}"
                log = list(lines(pipe_log, ""))
                ids = {line["executionId"] for line in log if address in line.get("payload", "")}
                pipe = [
                    line["messageType"]
                    for line in log
                    if line["executionId"] in ids
                    and line["messageType"] in ("ExecutionSucceeded", "ExecutionFailed")
                ]
                reports = [
                    report
                    for report in lines(function_log, '"batch"')
                    if report["first"] <= number <= report["last"]
                ]
                return {"record": address, "pipe": pipe, "reports": reports}


# %% wrong: that is another event of the product
def trace(records, logs, pipe_log, function_log, event_id):
    product = event_id.split("-")[0].title()
    for shard, stored in records.items():
        for record in stored:
            if record["PartitionKey"] == product:
                address = f"{shard}:{record['SequenceNumber']}"
                return {"record": address, "pipe": [], "reports": []}


# %% wrong: JSONDecodeError
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    lines = []
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=function_log):
        for event in page["events"]:
            lines.append(json.loads(event["message"]))
    return lines


# %% wrong: return a dictionary
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    for shard, stored in records.items():
        for record in stored:
            if json.loads(record["Data"])["event_id"] == event_id:
                return shard, record["SequenceNumber"]


# %% wrong: `reports` has one of another shard.
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    def lines(group, pattern):
        pages = logs.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group, filterPattern=pattern):
            for event in page["events"]:
                yield json.loads(event["message"])

    for shard, stored in records.items():
        for record in stored:
            if json.loads(record["Data"])["event_id"] == event_id:
                number = record["SequenceNumber"]
                address = f"{shard}:{number}"
                log = list(lines(pipe_log, ""))
                ids = {line["executionId"] for line in log if address in line.get("payload", "")}
                pipe = [
                    line["messageType"]
                    for line in log
                    if line["executionId"] in ids
                    and line["messageType"] in ("ExecutionSucceeded", "ExecutionFailed")
                ]
                reports = [
                    report
                    for report in lines(function_log, '"batch"')
                    if report["first"] == number or report["last"] == number
                ]
                return {"record": address, "pipe": pipe, "reports": reports}


# %% wrong: Compare the numbers as integers: as texts, 10 comes before 9.
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    def lines(group, pattern):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=pattern
        )
        return [json.loads(line["message"]) for page in pages for line in page["events"]]

    for shard, stored in records.items():
        for record in stored:
            if json.loads(record["Data"])["event_id"] == event_id:
                number = int(record["SequenceNumber"])
                address, log = f"{shard}:{number}", lines(pipe_log, "")
                ids = [line["executionId"] for line in log if address in line.get("payload", "")]
                ended = ("ExecutionSucceeded", "ExecutionPartiallyFailed", "ExecutionFailed")
                pipe = [
                    line["messageType"]
                    for line in log
                    if line["executionId"] in ids and line["messageType"] in ended
                ]
                reports = [
                    report
                    for report in lines(function_log, '"batch"')
                    if report["shard_id"] == shard
                    and report["first"] <= record["SequenceNumber"] <= report["last"]
                ]
                return {"record": address, "pipe": pipe, "reports": reports}


# %% wrong: that is another event of the product
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    def lines(group, pattern):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=pattern
        )
        return [json.loads(line["message"]) for page in pages for line in page["events"]]

    for shard, stored in records.items():
        for record in stored:
            if event_id.encode() in record["Data"]:
                number = int(record["SequenceNumber"])
                address, log = f"{shard}:{number}", lines(pipe_log, "")
                ids = [line["executionId"] for line in log if address in line.get("payload", "")]
                ended = ("ExecutionSucceeded", "ExecutionPartiallyFailed", "ExecutionFailed")
                pipe = [
                    line["messageType"]
                    for line in log
                    if line["executionId"] in ids and line["messageType"] in ended
                ]
                reports = [
                    report
                    for report in lines(function_log, '"batch"')
                    if report["shard_id"] == shard
                    and int(report["first"]) <= number <= int(report["last"])
                ]
                return {"record": address, "pipe": pipe, "reports": reports}


# %% wrong: ExecutionPartiallyFailed is missing
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    def lines(group, pattern):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=pattern
        )
        return [json.loads(line["message"]) for page in pages for line in page["events"]]

    for shard, stored in records.items():
        for record in stored:
            if json.loads(record["Data"])["event_id"] == event_id:
                number = int(record["SequenceNumber"])
                address, log = f"{shard}:{number}", lines(pipe_log, "")
                ids = [line["executionId"] for line in log if address in line.get("payload", "")]
                ended = ("ExecutionSucceeded", "ExecutionFailed")
                pipe = [
                    line["messageType"]
                    for line in log
                    if line["executionId"] in ids and line["messageType"] in ended
                ]
                reports = [
                    report
                    for report in lines(function_log, '"batch"')
                    if report["shard_id"] == shard
                    and int(report["first"]) <= number <= int(report["last"])
                ]
                return {"record": address, "pipe": pipe, "reports": reports}


# %% wrong: Each has its entry in `pipe`, also when two ended in the same way.
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    def lines(group, pattern):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=pattern
        )
        return [json.loads(line["message"]) for page in pages for line in page["events"]]

    for shard, stored in records.items():
        for record in stored:
            if json.loads(record["Data"])["event_id"] == event_id:
                number = int(record["SequenceNumber"])
                address, log = f"{shard}:{number}", lines(pipe_log, "")
                ids = [line["executionId"] for line in log if address in line.get("payload", "")]
                ended = ("ExecutionSucceeded", "ExecutionPartiallyFailed", "ExecutionFailed")
                pipe = [
                    line["messageType"]
                    for line in log
                    if line["executionId"] in ids and line["messageType"] in ended
                ]
                reports = [
                    report
                    for report in lines(function_log, '"batch"')
                    if report["shard_id"] == shard
                    and int(report["first"]) <= number <= int(report["last"])
                ]
                return {"record": address, "pipe": sorted(set(pipe)), "reports": reports}


# %% wrong: its batch was delivered again. List them all.
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    def lines(group, pattern):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=pattern
        )
        return [json.loads(line["message"]) for page in pages for line in page["events"]]

    for shard, stored in records.items():
        for record in stored:
            if json.loads(record["Data"])["event_id"] == event_id:
                number = int(record["SequenceNumber"])
                address, log = f"{shard}:{number}", lines(pipe_log, "")
                ids = [line["executionId"] for line in log if address in line.get("payload", "")]
                ended = ("ExecutionSucceeded", "ExecutionPartiallyFailed", "ExecutionFailed")
                pipe = [
                    line["messageType"]
                    for line in log
                    if line["executionId"] in ids and line["messageType"] in ended
                ]
                reports = [
                    report
                    for report in lines(function_log, '"batch"')
                    if report["shard_id"] == shard
                    and int(report["first"]) <= number <= int(report["last"])
                ]
                return {"record": address, "pipe": pipe, "reports": reports[:1]}


# %% wrong: its JSON is a list of records
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    def lines(group, pattern):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=pattern
        )
        return [json.loads(line["message"]) for page in pages for line in page["events"]]

    for shard, stored in records.items():
        for record in stored:
            if json.loads(record["Data"])["event_id"] == event_id:
                number = int(record["SequenceNumber"])
                address, log = f"{shard}:{number}", lines(pipe_log, "")
                ids = [
                    line["executionId"]
                    for line in log
                    if "payload" in line and address in [r["eventID"] for r in line["payload"]]
                ]
                ended = ("ExecutionSucceeded", "ExecutionPartiallyFailed", "ExecutionFailed")
                pipe = [
                    line["messageType"]
                    for line in log
                    if line["executionId"] in ids and line["messageType"] in ended
                ]
                reports = [
                    report
                    for report in lines(function_log, '"batch"')
                    if report["shard_id"] == shard
                    and int(report["first"]) <= number <= int(report["last"])
                ]
                return {"record": address, "pipe": pipe, "reports": reports}


# %% wrong: For an event that is not in the stream, return None
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    def lines(group, pattern):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=pattern
        )
        return [json.loads(line["message"]) for page in pages for line in page["events"]]

    for shard, stored in records.items():
        for record in stored:
            if json.loads(record["Data"])["event_id"] == event_id:
                number = int(record["SequenceNumber"])
                address, log = f"{shard}:{number}", lines(pipe_log, "")
                ids = [line["executionId"] for line in log if address in line.get("payload", "")]
                ended = ("ExecutionSucceeded", "ExecutionPartiallyFailed", "ExecutionFailed")
                pipe = [
                    line["messageType"]
                    for line in log
                    if line["executionId"] in ids and line["messageType"] in ended
                ]
                reports = [
                    report
                    for report in lines(function_log, '"batch"')
                    if report["shard_id"] == shard
                    and int(report["first"]) <= number <= int(report["last"])
                ]
                return {"record": address, "pipe": pipe, "reports": reports}
    raise LookupError(event_id)


# %% wrong: a float has only 16 digits
def trace(records, logs, pipe_log, function_log, event_id):
    import json

    def lines(group, pattern):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, filterPattern=pattern
        )
        return [json.loads(line["message"]) for page in pages for line in page["events"]]

    for shard, stored in records.items():
        for record in stored:
            if json.loads(record["Data"])["event_id"] == event_id:
                number = int(record["SequenceNumber"])
                address, log = f"{shard}:{number}", lines(pipe_log, "")
                ids = [line["executionId"] for line in log if address in line.get("payload", "")]
                ended = ("ExecutionSucceeded", "ExecutionPartiallyFailed", "ExecutionFailed")
                pipe = [
                    line["messageType"]
                    for line in log
                    if line["executionId"] in ids and line["messageType"] in ended
                ]
                reports = [
                    report
                    for report in lines(function_log, '"batch"')
                    if report["shard_id"] == shard
                    and float(report["first"]) <= float(number) <= float(report["last"])
                ]
                return {"record": address, "pipe": pipe, "reports": reports}
