"""`inventory-lab deploy` in a process of its own that is killed at its n-th change, before or after AWS made it.

python -m tests.http.killed_deploy 7 after
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from botocore.client import BaseClient

from inventory_lab.__main__ import main

READS = ("Describe", "Get", "List")


def kill_at(number: int, after: bool) -> None:
    """End this process as the n-th request that changes something is sent, or was answered."""
    call = BaseClient._make_api_call
    changes = 0

    def counted(client: Any, operation: str, parameters: Any) -> Any:
        nonlocal changes
        changes += not operation.startswith(READS)
        last = changes == number and not operation.startswith(READS)
        if last and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = call(client, operation, parameters)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    BaseClient._make_api_call = counted


if __name__ == "__main__":
    kill_at(int(sys.argv[1]), sys.argv[2] == "after")
    sys.exit(main(["deploy", "--allow-charges"]))
