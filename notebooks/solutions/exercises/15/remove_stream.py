"""Three questions come before the deletion: does the stream exist, is it yours, and is this a rehearsal? The
tags answer the first two with one call, because AWS says ResourceNotFoundException for a stream that is not there.
Any other error passes: who is denied a look has proved nothing, and "not there" would be a guess. A tag is a key and
a value, so both are compared. `delete_stream` returns while the stream is still DELETING; it is gone, and costs no
more, when AWS does not know it any longer. The waiter asks until then. The function keeps no list of what it has
done, so it may run again after an interruption, from any machine.
"""


# %% solution
def remove_stream(kinesis, name, dry_run):
    """What became of the stream: "not there", "not ours", "would be deleted" or "deleted"."""
    try:
        tags = kinesis.list_tags_for_stream(StreamName=name)["Tags"]
    except kinesis.exceptions.ResourceNotFoundException:
        return "not there"
    if {"Key": "project", "Value": "inventory-lab"} not in tags:
        return "not ours"
    if dry_run:
        return "would be deleted"
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name)
    return "deleted"


# %% right: it looks until the stream is gone, with a helper and the tags as a dictionary
import time


def remove_stream(kinesis, name, dry_run):
    def exists():
        try:
            kinesis.describe_stream_summary(StreamName=name)
        except kinesis.exceptions.ResourceNotFoundException:
            return False
        return True

    if not exists():
        return "not there"
    tags = kinesis.list_tags_for_stream(StreamName=name)["Tags"]
    if {tag["Key"]: tag["Value"] for tag in tags}.get("project") != "inventory-lab":
        return "not ours"
    if dry_run:
        return "would be deleted"
    kinesis.delete_stream(StreamName=name)
    while exists():
        print("DELETING")
        time.sleep(5)
    return "deleted"


# %% right: all by the ARN of the stream, with the newer call for its tags
from botocore.exceptions import ClientError


def remove_stream(kinesis, name, dry_run):
    try:
        summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return "not there"
    stream = {"StreamARN": summary["StreamARN"]}
    tags = kinesis.list_tags_for_resource(ResourceARN=summary["StreamARN"])["Tags"]
    ours = any((tag["Key"], tag["Value"]) == ("project", "inventory-lab") for tag in tags)
    if ours and not dry_run:
        kinesis.delete_stream(**stream, EnforceConsumerDeletion=True)
        waiter = kinesis.get_waiter("stream_not_exists")
        waiter.wait(**stream, WaiterConfig={"Delay": 2, "MaxAttempts": 60})
        return "deleted"
    return "would be deleted" if ours else "not ours"


# %% wrong: That is how AWS says that the stream is not there
def remove_stream(kinesis, name, dry_run):
    tags = kinesis.list_tags_for_stream(StreamName=name)["Tags"]
    if {"Key": "project", "Value": "inventory-lab"} not in tags:
        return "not ours"
    if dry_run:
        return "would be deleted"
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name)
    return "deleted"


# %% wrong: It deletes a stream that has no tag
def remove_stream(kinesis, name, dry_run):
    try:
        kinesis.describe_stream_summary(StreamName=name)
    except kinesis.exceptions.ResourceNotFoundException:
        return "not there"
    if dry_run:
        return "would be deleted"
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name)
    return "deleted"


# %% wrong: It deletes a stream that has another project's tag
def remove_stream(kinesis, name, dry_run):
    try:
        tags = kinesis.list_tags_for_stream(StreamName=name)["Tags"]
    except kinesis.exceptions.ResourceNotFoundException:
        return "not there"
    if "project" not in [tag["Key"] for tag in tags]:
        return "not ours"
    if dry_run:
        return "would be deleted"
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name)
    return "deleted"


# %% wrong: With dry_run=True it deletes the stream
def remove_stream(kinesis, name, dry_run):
    try:
        tags = kinesis.list_tags_for_stream(StreamName=name)["Tags"]
    except kinesis.exceptions.ResourceNotFoundException:
        return "not there"
    if {"Key": "project", "Value": "inventory-lab"} not in tags:
        return "not ours"
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name)
    return "would be deleted" if dry_run else "deleted"


# %% wrong: It returns while the stream is still DELETING
def remove_stream(kinesis, name, dry_run):
    try:
        tags = kinesis.list_tags_for_stream(StreamName=name)["Tags"]
    except kinesis.exceptions.ResourceNotFoundException:
        return "not there"
    if {"Key": "project", "Value": "inventory-lab"} not in tags:
        return "not ours"
    if dry_run:
        return "would be deleted"
    kinesis.delete_stream(StreamName=name)
    return "deleted"


# %% wrong: Who may not look has proved nothing
def remove_stream(kinesis, name, dry_run):
    try:
        tags = kinesis.list_tags_for_stream(StreamName=name)["Tags"]
    except Exception:
        return "not there"
    if {"Key": "project", "Value": "inventory-lab"} not in tags:
        return "not ours"
    if dry_run:
        return "would be deleted"
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name)
    return "deleted"


# %% wrong: the stream was on the second page
def remove_stream(kinesis, name, dry_run):
    if name not in kinesis.list_streams()["StreamNames"]:
        return "not there"
    tags = kinesis.list_tags_for_stream(StreamName=name)["Tags"]
    if {"Key": "project", "Value": "inventory-lab"} not in tags:
        return "not ours"
    if dry_run:
        return "would be deleted"
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name)
    return "deleted"


# %% wrong: The waiter for a deletion is "stream_not_exists"
def remove_stream(kinesis, name, dry_run):
    try:
        tags = kinesis.list_tags_for_stream(StreamName=name)["Tags"]
    except kinesis.exceptions.ResourceNotFoundException:
        return "not there"
    if {"Key": "project", "Value": "inventory-lab"} not in tags:
        return "not ours"
    if dry_run:
        return "would be deleted"
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return "deleted"


# %% wrong: It deletes a stream that has another project's tag
def remove_stream(kinesis, name, dry_run):
    try:
        tags = kinesis.list_tags_for_stream(StreamName=name)["Tags"]
    except kinesis.exceptions.ResourceNotFoundException:
        return "not there"
    if not any(t["Key"] == "project" and "inventory-lab" in t["Value"] for t in tags):
        return "not ours"
    if dry_run:
        return "would be deleted"
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name)
    return "deleted"


# %% wrong: Look for project=inventory-lab among all tags
def remove_stream(kinesis, name, dry_run):
    try:
        tags = kinesis.list_tags_for_stream(StreamName=name)["Tags"]
    except kinesis.exceptions.ResourceNotFoundException:
        return "not there"
    if tags != [{"Key": "project", "Value": "inventory-lab"}]:
        return "not ours"
    if dry_run:
        return "would be deleted"
    kinesis.delete_stream(StreamName=name)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=name)
    return "deleted"
