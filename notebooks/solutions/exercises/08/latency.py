"""The report names a range of sequence numbers, and each shard has its own. At-least-once delivery means that
a batch may be reported twice: the effect came with the first report. `total_seconds()` keeps days and
fractions. A record without a report is not slow, it is waiting; so the answer is None and not 0.
"""


# %% solution
def latency(record, shard_id, reports):
    """Seconds from a record's arrival to the first report that covers it; None without one."""
    number = int(record["SequenceNumber"])
    times = [
        report["at"]
        for report in reports
        if report["shard_id"] == shard_id and int(report["first"]) <= number <= int(report["last"])
    ]
    if not times:
        return None
    return (min(times) - record["ApproximateArrivalTimestamp"]).total_seconds()


# %% right: a loop over sorted reports
def latency(record, shard_id, reports):
    number = int(record["SequenceNumber"])
    for report in sorted(reports, key=lambda r: r["at"]):
        if (
            report["shard_id"] == shard_id
            and int(report["first"]) <= number
            and number <= int(report["last"])
        ):
            return (report["at"] - record["ApproximateArrivalTimestamp"]).total_seconds()
    return None


# %% right: a division of times
from datetime import timedelta


def latency(record, shard_id, reports):
    covers = lambda r: (
        r["shard_id"] == shard_id
        and int(r["first"]) <= int(record["SequenceNumber"]) <= int(r["last"])
    )
    times = [r["at"] for r in filter(covers, reports)]
    if len(times) == 0:
        return
    return (min(times) - record["ApproximateArrivalTimestamp"]) / timedelta(seconds=1)


# %% right: texts of the same length
def latency(record, shard_id, reports):
    number = record["SequenceNumber"].zfill(60)
    first = None
    for report in reports:
        if report["shard_id"] == shard_id and report["first"].zfill(60) <= number <= report[
            "last"
        ].zfill(60):
            if first is None or report["at"] < first:
                first = report["at"]
    if first is not None:
        return (first - record["ApproximateArrivalTimestamp"]).total_seconds()


# %% wrong: the first report that covers the record counts
def latency(record, shard_id, reports):
    number = int(record["SequenceNumber"])
    for report in reports:
        if report["shard_id"] == shard_id:
            if int(report["first"]) <= number <= int(report["last"]):
                return (report["at"] - record["ApproximateArrivalTimestamp"]).total_seconds()


# %% wrong: use .total_seconds()
def latency(record, shard_id, reports):
    number = int(record["SequenceNumber"])
    for report in sorted(reports, key=lambda report: report["at"]):
        if report["shard_id"] == shard_id:
            if int(report["first"]) <= number <= int(report["last"]):
                waited = report["at"] - record["ApproximateArrivalTimestamp"]
                return waited.seconds + waited.microseconds / 1e6


# %% wrong: return seconds, with .total_seconds()
def latency(record, shard_id, reports):
    number = int(record["SequenceNumber"])
    for report in sorted(reports, key=lambda report: report["at"]):
        if report["shard_id"] == shard_id:
            if int(report["first"]) <= number <= int(report["last"]):
                return report["at"] - record["ApproximateArrivalTimestamp"]


# %% wrong: The first and the last record of a batch belong to it
def latency(record, shard_id, reports):
    number = record["SequenceNumber"]
    for report in sorted(reports, key=lambda report: report["at"]):
        if report["shard_id"] == shard_id and report["first"] < number < report["last"]:
            return (report["at"] - record["ApproximateArrivalTimestamp"]).total_seconds()


# %% wrong: so it is still waiting: return None
def latency(record, shard_id, reports):
    number = int(record["SequenceNumber"])
    for report in sorted(reports, key=lambda report: report["at"]):
        if report["shard_id"] == shard_id:
            if int(report["first"]) <= number <= int(report["last"]):
                return (report["at"] - record["ApproximateArrivalTimestamp"]).total_seconds()
    return 0


# %% wrong: Shards may use the same numbers, so compare shard_id as well
def latency(record, shard_id, reports):
    number = int(record["SequenceNumber"])
    times = [
        report["at"] for report in reports if int(report["first"]) <= number <= int(report["last"])
    ]
    if times:
        return (min(times) - record["ApproximateArrivalTimestamp"]).total_seconds()


# %% wrong: Compare the numbers as integers: as texts, 10 comes before 9.
def latency(record, shard_id, reports):
    number = int(record["SequenceNumber"])
    times = [
        report["at"]
        for report in reports
        if report["shard_id"] == shard_id
        and report["first"] <= record["SequenceNumber"] <= report["last"]
    ]
    if not times:
        return None
    return (min(times) - record["ApproximateArrivalTimestamp"]).total_seconds()


# %% wrong: The numbers are too long for a float
def latency(record, shard_id, reports):
    number = float(record["SequenceNumber"])
    times = [
        report["at"]
        for report in reports
        if report["shard_id"] == shard_id
        and float(report["first"]) <= number <= float(report["last"])
    ]
    if not times:
        return None
    return (min(times) - record["ApproximateArrivalTimestamp"]).total_seconds()


# %% wrong: It returns milliseconds
def latency(record, shard_id, reports):
    number = int(record["SequenceNumber"])
    times = [
        report["at"]
        for report in reports
        if report["shard_id"] == shard_id and int(report["first"]) <= number <= int(report["last"])
    ]
    if not times:
        return None
    return (min(times) - record["ApproximateArrivalTimestamp"]).total_seconds() * 1000


# %% wrong: Keep the fraction: use .total_seconds(), and do not round.
def latency(record, shard_id, reports):
    number = int(record["SequenceNumber"])
    times = [
        report["at"]
        for report in reports
        if report["shard_id"] == shard_id and int(report["first"]) <= number <= int(report["last"])
    ]
    if not times:
        return None
    return round((min(times) - record["ApproximateArrivalTimestamp"]).total_seconds())


# %% wrong: min() arg is an empty sequence. No report covers the record yet
def latency(record, shard_id, reports):
    number = int(record["SequenceNumber"])
    times = [
        report["at"]
        for report in reports
        if report["shard_id"] == shard_id and int(report["first"]) <= number <= int(report["last"])
    ]
    return (min(times) - record["ApproximateArrivalTimestamp"]).total_seconds()


# %% wrong: It changes `reports`.
def latency(record, shard_id, reports):
    number = int(record["SequenceNumber"])
    reports.sort(key=lambda report: report["at"])
    times = [
        report["at"]
        for report in reports
        if report["shard_id"] == shard_id and int(report["first"]) <= number <= int(report["last"])
    ]
    reports.clear()
    if not times:
        return None
    return (min(times) - record["ApproximateArrivalTimestamp"]).total_seconds()


# %% wrong: In Python zero counts as false, so compare with `is None`.
def latency(record, shard_id, reports):
    number, best = int(record["SequenceNumber"]), None
    for report in reports:
        if report["shard_id"] == shard_id:
            if int(report["first"]) <= number <= int(report["last"]):
                waited = report["at"] - record["ApproximateArrivalTimestamp"]
                if not best or waited.total_seconds() < best:
                    best = waited.total_seconds()
    return best


# %% wrong: whole hours are wrong
def latency(record, shard_id, reports):
    n = int(record["SequenceNumber"])
    t = [
        (
            r["at"].replace(tzinfo=None)
            - record["ApproximateArrivalTimestamp"].replace(tzinfo=None)
        ).total_seconds()
        for r in reports
        if r["shard_id"] == shard_id and int(r["first"]) <= n <= int(r["last"])
    ]
    return min(t) if t else None


# %% wrong: first and last must enclose the record's number
def latency(record, shard_id, reports):
    n = int(record["SequenceNumber"])
    t = [
        (r["at"] - record["ApproximateArrivalTimestamp"]).total_seconds()
        for r in reports
        if r["shard_id"] == shard_id and int(r["first"]) <= n
    ]
    return min(t) if t else None
