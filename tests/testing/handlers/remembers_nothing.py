"""The exact handler without its memory of processed facts."""

from inventory_lab.domain import memory
from inventory_lab.function import handler

memory.Memory.recall = lambda *_: memory.Recall.NEW
memory.Memory.with_processed = lambda self, *_, **__: self


def handle(event, context):
    return handler.handle(event, context)
