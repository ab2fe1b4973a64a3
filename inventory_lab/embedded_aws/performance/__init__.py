"""Where moto 5.2.5 spends time out of proportion; nothing here changes an answer.

| moto | the lab |
|---|---|
| parses an UpdateExpression twice a call, copies its tree, and walks it ten times to validate it | an expression that has passed moto's validation once, with the same names on a table of the same keys, is not validated again when it only SETs, REMOVEs or ADDs whole attributes: nothing in it then depends on the item or on the values |
| collects the placeholders of an UpdateExpression for every call | once for each expression |
| adds up the size of the whole item for every attribute that is set | only when the item may be near the limit |
| searches every answer for the place of its RequestId | only one that names it, as XML does |
| lists the methods of a service's class for every request | once |
| visits every member of every record of an answer, present or not, through four calls | a function of each shape writes what is spelled as in the service model and has a plain value (`writers.py`) |
| looks for every member of an answer under up to six spellings | first under its own; under no other when all of a dict is spelled as in the service model |
| (botocore) reads a member of an answer through three calls; works out the local time of a timestamp in Python, in a time zone made anew for each | takes texts as they are; Python's own local time, in one time zone |
| (botocore) reads the service models from disk for every session, so for every new environment of a function | once in this process |
| counts the messages of a queue three times for each message sent or received, and lists them all to give out ten | counts when asked, stops at the tenth |
| lists the methods of a service's class for every call | once for each class |
| looks through the folders of all services for the first answer of each service | once in this process |
| makes an RSA key for each subscription | one for all in a process |
| works out all addresses of a service for every request | once for each service |
| (Python) looks for cyclic garbage after 700 new objects | after 50,000 while batches are processed (`garbage.py`) |
| takes an address apart and puts it together again, through a builder made for tests | once for each address |

`tests/embedded_aws/test_performance.py` compares the answers with bare moto's.
"""

from __future__ import annotations

from inventory_lab.embedded_aws.patching import Patch
from inventory_lab.embedded_aws.performance.patches import answers, expressions, process, queues


def patches() -> list[Patch]:
    """What makes moto and botocore answer the same, only sooner."""
    return [
        *expressions.patches(), *answers.patches(), *queues.patches(), *process.patches(),
    ]  # fmt: skip
