"""The exact handler without the condition of its write."""

from inventory_lab.function import handler, store

conditional = store.Store._update


def unconditional(self, before, after, arrived_at):
    request = conditional(self, before, after, arrived_at)
    del request["ConditionExpression"]
    request["ExpressionAttributeValues"].pop(":read", None)
    return request


store.Store._update = unconditional


def handle(event, context):
    return handler.handle(event, context)
