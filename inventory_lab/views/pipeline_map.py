"""What the map of the pipeline shows: its parts, the calls between them, and IAM's answer to each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from inventory_lab.settings import Settings

Answer = Literal["allowed", "denied", "not known"]
Highlight = str | Iterable[str] | None
QUEUES = ("alerts_queue", "rejected_queue", "dead_letter_queue")
_GROUPS = {"queues": QUEUES, "enrichment": ("pipe",)}


@dataclass(frozen=True, slots=True)
class Access:
    """IAM's answer to one request: which statement of which policy decided, or why there is none."""

    answer: Answer
    principal: str
    action: str
    resource: str
    policy: str = ""
    statement: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A resource of the pipeline. `exists` is None on the static map; `notes` are short facts such as
    its role or its shards; `state` is AWS's word for a part that exists but does not run.
    """

    key: str
    title: str
    purpose: str
    name: str
    notes: tuple[str, ...] = ()
    exists: bool | None = None
    state: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """Calls from one part to another; `counters` are what went along it, such as "3 batches"."""

    source: str
    target: str
    label: str
    access: tuple[Access, ...] = ()
    counters: tuple[str, ...] = ()
    exists: bool | None = None

    @property
    def answer(self) -> Answer | None:
        """The worst answer to the calls of the arrow; None when nobody was asked.

        >>> Arrow("pipe", "function", "Invoke").answer is None
        True
        """
        answers = {access.answer for access in self.access}
        order: tuple[Answer, ...] = ("denied", "not known", "allowed")
        return next((answer for answer in order if answer in answers), None)


@dataclass(frozen=True, slots=True)
class PipelineMap:
    """The parts and arrows of a map."""

    parts: tuple[Part, ...]
    arrows: tuple[Arrow, ...]
    living: bool = field(default=False)

    def part(self, key: str) -> Part:
        """The part of a key such as "stream"."""
        return next(part for part in self.parts if part.key == key)


def static_map(settings: Settings | None = None) -> PipelineMap:
    """The whole pipeline as the course builds it, with the names of the settings.

    >>> static_map().part("stream").name
    'e-commerce-streaming'
    """
    names = settings or Settings()
    shards = "1 shard" if names.shards == 1 else f"{names.shards} shards"
    role = names.name("function_role")
    parts = (
        Part("producer", "Producer", "sends stock events", names.name("producer_user"), ("an IAM user",)),
        Part("stream", "Kinesis stream", "keeps events in order", names.name("stream"), (shards,)),
        Part("mapping", "Mapping", "event source mapping", "polled by Lambda", (role,)),
        Part("pipe", "EventBridge pipe", "batches, retries, splits", names.name("pipe"),
             (names.name("pipe_role"),)),
        Part("function", "Lambda function", "works out the stock", names.name("function"), (role,)),
        Part("table", "DynamoDB table", "one item per product", names.name("table"), ("the stock counts",)),
        Part("topic", "SNS topic", "low or high stock", names.name("topic"), ("to every subscriber",)),
        Part("alerts_queue", "SQS: alerts", "what a subscriber gets", names.name("alerts_queue")),
        Part("rejected_queue", "SQS: rejected", "broke a business rule", names.name("rejected_queue")),
        Part("dead_letter_queue", "SQS: dead letters", "failed every retry",
             names.name("dead_letter_queue")),
        Part("build", "CodeBuild", "tests and deploys code", names.name("build_project")),
    )  # fmt: skip
    arrows = (
        Arrow("producer", "stream", "PutRecords"),
        Arrow("stream", "mapping", "GetRecords"),
        Arrow("mapping", "function", "Invoke"),
        Arrow("mapping", "dead_letter_queue", "SendMessage"),
        Arrow("stream", "pipe", "GetRecords"),
        Arrow("pipe", "function", "Invoke"),
        Arrow("pipe", "dead_letter_queue", "SendMessage"),
        Arrow("function", "table", "UpdateItem"),
        Arrow("function", "topic", "Publish"),
        Arrow("topic", "alerts_queue", "delivers"),
        Arrow("function", "rejected_queue", "SendMessage"),
        Arrow("build", "function", "UpdateFunctionCode"),
    )
    return PipelineMap(parts, arrows)


def without(pipeline: PipelineMap, *keys: str) -> PipelineMap:
    """The map without some parts and their arrows."""
    return replace(
        pipeline,
        parts=tuple(part for part in pipeline.parts if part.key not in keys),
        arrows=tuple(a for a in pipeline.arrows if not {a.source, a.target} & set(keys)),
    )


def highlighted(highlight: Highlight) -> frozenset[str]:
    """The keys of the parts to light up: "queues" names all three, "enrichment" the pipe. Raises
    ValueError for a name that is not on the map.

    >>> sorted(highlighted("queues"))
    ['alerts_queue', 'dead_letter_queue', 'rejected_queue']
    """
    names = [highlight] if isinstance(highlight, str) else list(highlight or ())
    known = {part.key for part in static_map().parts} | set(_GROUPS)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(
            f"the map has no part {unknown[0]!r}; use one of {', '.join(sorted(known))}"
        )
    return frozenset(key for name in names for key in _GROUPS.get(name, (name,)))
