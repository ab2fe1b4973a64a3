"""There is at most one mapping between a stream and a function. AWS gives a new one its identifier, so
when `ResourceConflictException` says that it exists, the identifier has to be looked up, with both
filters: the stream and the function may each have other mappings. `TRIM_HORIZON` begins with the oldest
record, so nothing that is in the stream already is left out.
"""


# %% solution
def create_mapping(functions, stream, name, **more):
    """The UUID of the mapping from the stream to the function, created unless it exists."""
    try:
        mapping = functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON", **more
        )
    except functions.exceptions.ResourceConflictException:
        answer = functions.list_event_source_mappings(EventSourceArn=stream, FunctionName=name)
        mapping = answer["EventSourceMappings"][0]
    return mapping["UUID"]


# %% right: the function by its ARN
def create_mapping(functions, stream, name, **more):
    arn = functions.get_function_configuration(FunctionName=name)["FunctionArn"]
    try:
        answer = functions.create_event_source_mapping(
            FunctionName=arn,
            EventSourceArn=stream,
            StartingPosition="TRIM_HORIZON",
            Enabled=True,
            **more,
        )
    except functions.exceptions.ResourceConflictException:
        [answer] = functions.list_event_source_mappings(EventSourceArn=stream, FunctionName=arn)[
            "EventSourceMappings"
        ]
    return answer["UUID"]


# %% right: it lists all mappings and compares
def create_mapping(functions, stream, name, **more):
    parameters = dict(EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON")
    parameters.update(more)
    try:
        uuid = functions.create_event_source_mapping(**parameters)["UUID"]
    except functions.exceptions.ResourceConflictException as error:
        print(error)
        uuid = next(
            m["UUID"]
            for m in functions.list_event_source_mappings()["EventSourceMappings"]
            if m["EventSourceArn"] == stream and m["FunctionArn"].endswith(f":{name}")
        )
    return uuid


# %% wrong: The second call, for a mapping that exists, fails with ResourceConflictException.
def create_mapping(functions, stream, name, **more):
    mapping = functions.create_event_source_mapping(
        EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON", **more
    )
    return mapping["UUID"]


# %% wrong: Start at TRIM_HORIZON.
def create_mapping(functions, stream, name, **more):
    try:
        mapping = functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName=name, StartingPosition="LATEST", **more
        )
    except functions.exceptions.ResourceConflictException:
        answer = functions.list_event_source_mappings(EventSourceArn=stream, FunctionName=name)
        mapping = answer["EventSourceMappings"][0]
    return mapping["UUID"]


# %% wrong: For a mapping that exists it returns nothing, not its UUID.
def create_mapping(functions, stream, name, **more):
    try:
        return functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON", **more
        )["UUID"]
    except functions.exceptions.ResourceConflictException:
        pass


# %% wrong: it returns the UUID of another mapping, not its UUID.
def create_mapping(functions, stream, name, **more):
    try:
        mapping = functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON", **more
        )
    except functions.exceptions.ResourceConflictException:
        mapping = functions.list_event_source_mappings()["EventSourceMappings"][0]
    return mapping["UUID"]


# %% wrong: it leaves BatchSize out: pass `**more` to the call
def create_mapping(functions, stream, name, **more):
    try:
        mapping = functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON"
        )
    except functions.exceptions.ResourceConflictException:
        answer = functions.list_event_source_mappings(EventSourceArn=stream, FunctionName=name)
        mapping = answer["EventSourceMappings"][0]
    return mapping["UUID"]


# %% wrong: Your function asks whether the mapping exists, and then creates it.
def create_mapping(functions, stream, name, **more):
    answer = functions.list_event_source_mappings(EventSourceArn=stream, FunctionName=name)
    for mapping in answer["EventSourceMappings"]:
        return mapping["UUID"]
    mapping = functions.create_event_source_mapping(
        EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON", **more
    )
    return mapping["UUID"]


# %% wrong: It returns a dict, not the UUID of the new mapping.
def create_mapping(functions, stream, name, **more):
    try:
        return functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON", **more
        )
    except functions.exceptions.ResourceConflictException:
        answer = functions.list_event_source_mappings(EventSourceArn=stream, FunctionName=name)
        return answer["EventSourceMappings"][0]


# %% wrong: When AWS answers InvalidParameterValueException, your function hides it and goes on.
def create_mapping(functions, stream, name, **more):
    try:
        mapping = functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON", **more
        )
    except Exception:
        answer = functions.list_event_source_mappings(EventSourceArn=stream, FunctionName=name)
        mapping = answer["EventSourceMappings"][0]
    return mapping["UUID"]


# %% wrong: it leaves MaximumRetryAttempts out: pass `**more` to the call
def create_mapping(functions, stream, name, **more):
    ends = {"EventSourceArn": stream, "FunctionName": name}
    try:
        return functions.create_event_source_mapping(
            **ends,
            StartingPosition="TRIM_HORIZON",
            BatchSize=more.get("BatchSize", 100),
            Tags=more.get("Tags", {}),
        )["UUID"]
    except functions.exceptions.ResourceConflictException:
        return functions.list_event_source_mappings(**ends)["EventSourceMappings"][0]["UUID"]


# %% wrong: It changes or deletes the mapping that exists.
def create_mapping(functions, stream, name, **more):
    ends = {"EventSourceArn": stream, "FunctionName": name}
    for known in functions.list_event_source_mappings(**ends)["EventSourceMappings"]:
        functions.delete_event_source_mapping(UUID=known["UUID"])
    return functions.create_event_source_mapping(**ends, StartingPosition="TRIM_HORIZON", **more)[
        "UUID"
    ]


# %% wrong: from another stream to this one, does not count
def create_mapping(functions, stream, name, **more):
    known = functions.list_event_source_mappings(EventSourceArn=stream)["EventSourceMappings"]
    if known:
        return known[0]["UUID"]
    return functions.create_event_source_mapping(
        EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON", **more
    )["UUID"]


# %% wrong: it returns the UUID of another mapping
def create_mapping(functions, stream, name, **more):
    try:
        return functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON", **more
        )["UUID"]
    except functions.exceptions.ResourceConflictException:
        return functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"][-1][
            "UUID"
        ]


# %% wrong: it returns the UUID of another mapping
def create_mapping(functions, stream, name, **more):
    try:
        return functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON", **more
        )["UUID"]
    except functions.exceptions.ResourceConflictException:
        return functions.list_event_source_mappings(EventSourceArn=stream)["EventSourceMappings"][
            -1
        ]["UUID"]


# %% wrong: It calls GetEventSourceMapping, which IAM denies
import time


def create_mapping(functions, stream, name, **more):
    try:
        m = functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName=name, StartingPosition="TRIM_HORIZON", **more
        )
    except functions.exceptions.ResourceConflictException:
        m = functions.list_event_source_mappings(EventSourceArn=stream, FunctionName=name)[
            "EventSourceMappings"
        ][0]
    while functions.get_event_source_mapping(UUID=m["UUID"])["State"] != "Enabled":
        time.sleep(1)
    return m["UUID"]
