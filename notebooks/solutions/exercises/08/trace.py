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


# %% right: it follows nextToken itself
import json


def messages(logs, group, pattern=None):
    token, found = None, []
    while True:
        more = {"nextToken": token} if token else {}
        if pattern:
            more["filterPattern"] = pattern
        page = logs.filter_log_events(logGroupName=group, **more)
        found += [e["message"] for e in page["events"]]
        token = page.get("nextToken")
        if not token:
            return found


def trace(records, logs, pipe_log, function_log, event_id):
    for shard, rows in records.items():
        for row in rows:
            if json.loads(row["Data"].decode())["event_id"] != event_id:
                continue
            address = shard + ":" + row["SequenceNumber"]
            executions, ended = [], []
            for line in map(json.loads, messages(logs, pipe_log)):
                if line["messageType"] == "ExecutionStarted":
                    if address in [r["eventID"] for r in json.loads(line["payload"])]:
                        executions.append(line["executionId"])
                elif line["executionId"] in executions and line["messageType"].startswith(
                    "Execution"
                ):
                    ended.append(line["messageType"])
            reports = []
            for m in messages(logs, function_log, '"batch"'):
                r = json.loads(m)
                if r["shard_id"] == shard and int(r["first"]) <= int(row["SequenceNumber"]) <= int(
                    r["last"]
                ):
                    reports.append(r)
            return dict(record=address, pipe=ended, reports=reports)
    return None


# %% right: it reads every line of the function's log
import json


def trace(records, logs, pipe_log, function_log, event_id):
    place = None
    for shard in records:
        for record in records[shard]:
            if json.loads(record["Data"]).get("event_id") == event_id:
                place = shard, record["SequenceNumber"]
    if place is None:
        return None
    shard, number = place
    paginator = logs.get_paginator("filter_log_events")
    pipe = {}
    started = set()
    for page in paginator.paginate(logGroupName=pipe_log):
        for event in page["events"]:
            line = json.loads(event["message"])
            if f"{shard}:{number}" in line.get("payload", ""):
                started.add(line["executionId"])
            if line["messageType"] in (
                "ExecutionSucceeded",
                "ExecutionPartiallyFailed",
                "ExecutionFailed",
            ):
                pipe[line["executionId"]] = line["messageType"]
    reports = []
    for page in paginator.paginate(logGroupName=function_log):
        for event in page["events"]:
            try:
                report = json.loads(event["message"])
            except ValueError:
                continue
            if report.get("report") == "batch" and report["shard_id"] == shard:
                if int(report["first"]) <= int(number) and int(number) <= int(report["last"]):
                    reports.append(report)
    return {
        "record": f"{shard}:{number}",
        "pipe": [v for k, v in pipe.items() if k in started],
        "reports": reports,
    }


# %% right: it reads the pipe's log for every record
import json


def trace(records, logs, pipe_log, function_log, event_id):
    for shard in records:
        for record in records[shard]:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=pipe_log)
            lines = [json.loads(e["message"]) for p in pages for e in p["events"]]
            if json.loads(record["Data"])["event_id"] == event_id:
                number = int(record["SequenceNumber"])
                address = f"{shard}:{number}"
                ids = {l["executionId"] for l in lines if address in l.get("payload", "")}
                pages = logs.get_paginator("filter_log_events").paginate(
                    logGroupName=function_log, filterPattern='"batch"'
                )
                reports = [json.loads(e["message"]) for p in pages for e in p["events"]]
                return {
                    "record": address,
                    "pipe": [
                        l["messageType"]
                        for l in lines
                        if l["executionId"] in ids
                        and l["messageType"]
                        in ("ExecutionSucceeded", "ExecutionFailed", "ExecutionPartiallyFailed")
                    ],
                    "reports": [
                        r
                        for r in reports
                        if r["shard_id"] == shard and int(r["first"]) <= number <= int(r["last"])
                    ],
                }


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


# %% wrong: It calls GetLogEvents, which IAM denies
import json


def trace(records, logs, pipe_log, function_log, event_id):
    def read(group):
        out = []
        for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]:
            token = {}
            before = None
            while True:
                page = logs.get_log_events(
                    logGroupName=group,
                    logStreamName=stream["logStreamName"],
                    startFromHead=True,
                    **token,
                )
                out += [e["message"] for e in page["events"]]
                if page["nextForwardToken"] == before:
                    break
                before = page["nextForwardToken"]
                token = {"nextToken": before}
        return out

    for shard, rows in records.items():
        for row in rows:
            if json.loads(row["Data"])["event_id"] == event_id:
                number = int(row["SequenceNumber"])
                address = f"{shard}:{number}"
                lines = [json.loads(m) for m in read(pipe_log)]
                ids = {l["executionId"] for l in lines if address in l.get("payload", "")}
                reports = [
                    json.loads(m) for m in read(function_log) if m.startswith('{"report":"batch"')
                ]
                return {
                    "record": address,
                    "pipe": [
                        l["messageType"]
                        for l in lines
                        if l["executionId"] in ids
                        and l["messageType"]
                        in ("ExecutionSucceeded", "ExecutionFailed", "ExecutionPartiallyFailed")
                    ],
                    "reports": [
                        r
                        for r in reports
                        if r["shard_id"] == shard and int(r["first"]) <= number <= int(r["last"])
                    ],
                }
