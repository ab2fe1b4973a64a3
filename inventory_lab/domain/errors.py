"""The base class of every error, and the errors that the Lambda zip itself can raise.

`inventory_lab.exceptions` lists these together with all others.
"""


class InventoryLabError(Exception):
    """Base class of every error that this library raises on purpose."""


class MalformedEvent(InventoryLabError):
    """A payload is not an inventory event; `field` is the part with the problem, None for the whole."""

    def __init__(self, field: str | None, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"field '{field}' {problem}" if field else f"the payload {problem}")


class MalformedBatch(InventoryLabError):
    """The function was not invoked with the Kinesis records of a Pipe or an event source mapping."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            "expected the JSON array of flat Kinesis records that an EventBridge Pipe sends, or the "
            f"object with Records that an event source mapping sends: {problem}"
        )


class BrokenItem(InventoryLabError):
    """An item of the table cannot be read, so the events of its product cannot be applied."""

    def __init__(self, product_id: str, problem: str) -> None:
        self.product_id = product_id
        self.problem = problem
        super().__init__(
            f"the item of {product_id[:80]!a} cannot be read ({problem}); write it again from the "
            "stream with lab.rebuild()"
        )


class MissingEnvironment(InventoryLabError):
    """An environment variable of the function is missing, or its value cannot be used."""

    def __init__(self, name: str, problem: str = "is not set") -> None:
        super().__init__(f"environment variable {name} {problem}; set it on the function")
