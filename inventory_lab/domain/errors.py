"""The base class of every error, and the errors that the Lambda zip itself can raise.

`inventory_lab.exceptions` lists these together with all others.
"""


class InventoryLabError(Exception):
    """Base class of every error that this library raises on purpose."""


class MalformedEvent(InventoryLabError):
    """A payload is not an inventory event; `field` says which part (None: the whole payload)."""

    def __init__(self, field: str | None, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"field '{field}' {problem}" if field else f"the payload {problem}")


class MalformedBatch(InventoryLabError):
    """The function was not called with the Kinesis records of a Pipe or an event source mapping."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            "expected the JSON array of flat Kinesis records that an EventBridge Pipe sends, or the "
            f"object with Records that an event source mapping sends: {problem}"
        )


class BrokenItem(InventoryLabError):
    """An item of the table is not one that this function wrote, so its product cannot be counted."""

    def __init__(self, product_id: str, problem: str) -> None:
        self.product_id = product_id
        self.problem = problem
        super().__init__(
            f"the item of {product_id[:80]!a} cannot be read ({problem}); write it anew from the "
            "stream with lab.rebuild()"
        )


class MissingEnvironment(InventoryLabError):
    """An environment variable of the function is absent or unusable."""

    def __init__(self, name: str, problem: str = "is not set") -> None:
        super().__init__(f"environment variable {name} {problem}; set it on the function")
