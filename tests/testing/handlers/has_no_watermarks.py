"""The exact handler without its watermarks."""

from inventory_lab.domain import inventory
from inventory_lab.function import handler

inventory._advanced = lambda *_: {}


def handle(event, context):
    return handler.handle(event, context)
