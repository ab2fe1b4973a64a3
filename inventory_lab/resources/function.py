"""The Lambda function: a zip of `domain/` and `function/`, reproducible byte for byte."""

from __future__ import annotations

import base64
import hashlib
import io
import time
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from inventory_lab.exceptions import NotBuilt
from inventory_lab.resources import roles
from inventory_lab.resources.account import Account, unless_missing
from inventory_lab.resources.deletion import until_gone
from inventory_lab.resources.handler_source import MODULE, read_source
from inventory_lab.resources.ownership import refuse_foreign
from inventory_lab.resources.propagation import ROLE, once_known
from inventory_lab.resources.queues import describe as queue_url
from inventory_lab.resources.stable import until_stable
from inventory_lab.settings import HANDLERS

ZIPPED_PACKAGES = ("domain", "function")
_MISSING = ("ResourceNotFoundException",)
_TRANSITIONAL = ("Pending", "InProgress", "Deleting")


def build_zip(more: Mapping[str, bytes] | None = None) -> bytes:
    """The deployment package, with `more` files by name. The same sources give the same bytes on every
    machine: entries are sorted, dated 1980, stored uncompressed.
    """
    package = Path(__file__).resolve().parent.parent
    sources = [p for folder in ZIPPED_PACKAGES for p in sorted((package / folder).glob("*.py"))]
    entries = {f"inventory_lab/{p.parent.name}/{p.name}": p.read_bytes() for p in sources}
    files = {"inventory_lab/__init__.py": b"", **entries, **(more or {})}
    return zip_of({name: data.replace(b"\r\n", b"\n") for name, data in files.items()})


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files by name. The same files give the same bytes on every machine."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(_entry(name), files[name])
    return buffer.getvalue()


def ensure(account: Account, sleep: Callable[[float], None] = time.sleep) -> str:
    """The function's ARN; created when it is missing, its code and configuration brought up to date.

    Raises NotTheLabs and StillChanging.
    """
    name, code = account.settings.name("function"), build_zip()
    state = _stable(account, sleep)
    if state is not None:
        refuse_foreign(account, "function", name, tags(account))
    if state == "Failed":
        delete(account, sleep)  # nothing has run yet, and the cause may be gone
    existing = describe(account)
    if existing is None:
        _create(account, code, sleep)
        return account.function_arn()
    if existing["CodeSha256"] != _sha256(code):
        account.client("lambda").update_function_code(FunctionName=name, ZipFile=code)
        _wait(account, "function_updated_v2")
    if _differs(existing, _configuration(account)) or _role_is_newer(account, existing):
        update = account.client("lambda").update_function_configuration
        once_known(partial(update, **_configuration(account)), ROLE, sleep)
        _wait(account, "function_updated_v2")
    return account.function_arn()


def _role_is_newer(account: Account, existing: Mapping[str, Any]) -> bool:
    """Whether the role was created anew after the function was changed. Then AWS's grant to decrypt the
    environment is that of the old role, until the function is given its role again:
    https://github.com/hashicorp/terraform-provider-aws/issues/9703
    """
    if account.embedded:  # there is no grant, and IAM has another clock than Lambda
        return False
    role = roles.describe(account, "function_role")
    changed = datetime.fromisoformat(existing["LastModified"])
    return role is not None and role["CreateDate"] > changed


def _stable(account: Account, sleep: Callable[[float], None]) -> str | None:
    name = account.settings.name("function")
    return until_stable(name, partial(_change_or_state, account), _TRANSITIONAL, sleep)


def _change_or_state(account: Account) -> str | None:
    """InProgress while the function is updated, else its state; None when there is no function:
    https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    """
    function = describe(account)
    if function is None:
        return None
    update = function.get("LastUpdateStatus")
    return "InProgress" if update == "InProgress" else str(function.get("State"))


def use_handler(account: Account, source: str | Path, handler: str) -> str:
    """The function's ARN, after its code is replaced by a handler of your own.

    Raises BadHandler, NotBuilt and NotTheLabs before anything is changed.
    """
    code = build_zip({f"{MODULE}.py": read_source(source, handler)})
    name, functions = account.settings.name("function"), account.client("lambda")
    existing = describe(account)
    if existing is None:
        raise NotBuilt("function", name)
    refuse_foreign(account, "function", name, tags(account))
    if existing["CodeSha256"] != _sha256(code):
        functions.update_function_code(FunctionName=name, ZipFile=code)
        _wait(account, "function_updated_v2")
    functions.update_function_configuration(FunctionName=name, Handler=f"{MODULE}.{handler}")
    _wait(account, "function_updated_v2")
    return account.function_arn()


def describe(account: Account) -> dict[str, Any] | None:
    """GetFunctionConfiguration's answer, or None when there is no function."""
    call = account.client("lambda").get_function_configuration
    name = account.settings.name("function")
    answer: dict[str, Any] | None = unless_missing(_MISSING, call, FunctionName=name)
    return answer


def tags(account: Account) -> dict[str, str] | None:
    """The function's tags, or None when there is no function. GetFunction would leave them out for a
    caller who may not call ListTags: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
    """
    call = account.client("lambda").list_tags
    answer = unless_missing(_MISSING, call, Resource=account.function_arn())
    return None if answer is None else dict(answer.get("Tags") or {})


def delete(account: Account, sleep: Callable[[float], None] = time.sleep) -> None:
    """Delete the function, once no update of it is under way; its log group stays. Raises
    StillDeleting.
    """
    name = account.settings.name("function")
    call = partial(account.client("lambda").delete_function, FunctionName=name)
    until_gone(name, lambda: _state(account), call, (*_MISSING, "ResourceConflictException"), sleep)


def _state(account: Account) -> str | None:
    function = describe(account)
    return None if function is None else str(function["State"])


def _create(account: Account, code: bytes, sleep: Callable[[float], None]) -> None:
    request = _configuration(account) | {"Code": {"ZipFile": code}, "Tags": account.tags}
    once_known(partial(account.client("lambda").create_function, **request), ROLE, sleep)
    _wait(account, "function_active_v2")


def _wait(account: Account, waiter: str) -> None:
    account.client("lambda").get_waiter(waiter).wait(FunctionName=account.settings.name("function"))


def _configuration(account: Account) -> dict[str, Any]:
    settings = account.settings
    return {
        "FunctionName": settings.name("function"),
        "Runtime": settings.runtime,
        "Handler": HANDLERS[settings.handler],
        "Role": account.role_arn("function_role"),
        "Timeout": settings.function_timeout,
        "MemorySize": settings.function_memory,
        "Environment": {
            "Variables": {
                "TABLE_NAME": settings.name("table"),
                "ALERT_TOPIC_ARN": account.topic_arn(),
                "REJECTED_QUEUE_URL": queue_url(account, "rejected_queue") or "",
                "HIGH_STOCK": str(settings.high_stock),
                "LOW_STOCK": str(settings.low_stock),
                "TOMBSTONE_DAYS": str(settings.tombstone_days),
                "COMMIT_CONCURRENCY": str(settings.commit_concurrency or 1),
            }
        },
    }


def _sha256(code: bytes) -> str:
    """The hash of a zip as Lambda reports it."""
    return base64.b64encode(hashlib.sha256(code).digest()).decode()


def _differs(existing: dict[str, Any], expected: dict[str, Any]) -> bool:
    return any(existing.get(key) != value for key, value in expected.items())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3  # Unix, whatever this machine is
    entry.external_attr = 0o644 << 16
    return entry
