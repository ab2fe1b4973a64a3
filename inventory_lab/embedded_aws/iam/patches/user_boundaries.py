"""Permissions boundaries of users, which moto 5.2.5 has for roles only.

| | moto | AWS, and the lab |
|---|---|---|
| CreateUser with PermissionsBoundary | ignores it | sets it |
| Put- and DeleteUserPermissionsBoundary | not implemented | set and remove it |
| GetUser | shows none | shows it |

`tests/embedded_aws/iam/test_gate.py` caps a user; a moto that has it all makes `patched` needless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.core.responses import EmptyResult
from moto.iam.models import User
from moto.iam.responses import IamResponse


@contextmanager
def patched() -> Iterator[None]:
    """While open, users have boundaries."""
    create = IamResponse.create_user
    repairs: list[tuple[Any, str, Any]] = [
        (User, "boundary_arn", None),
        (User, "permissions_boundary", property(_shown)),
        (IamResponse, "create_user", _created(create)),
        (IamResponse, "put_user_permissions_boundary", _put),
        (IamResponse, "delete_user_permissions_boundary", _delete),
    ]
    with ExitStack() as stack:
        for owner, name, repair in repairs:
            stack.enter_context(patch.object(owner, name, repair, create=True))
        yield


def _shown(user: Any) -> dict[str, str] | None:
    if not user.boundary_arn:
        return None
    kind = "PermissionsBoundaryPolicy"
    return {"PermissionsBoundaryType": kind, "PermissionsBoundaryArn": user.boundary_arn}


def _created(create: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def created(self: Any) -> Any:
        answer = create(self)
        self.backend.get_user(self._get_param("UserName")).boundary_arn = self._get_param(
            "PermissionsBoundary"
        )
        return answer

    return created


def _put(self: Any) -> EmptyResult:
    user = self.backend.get_user(self._get_param("UserName"))
    user.boundary_arn = self._get_param("PermissionsBoundary")
    return EmptyResult()


def _delete(self: Any) -> EmptyResult:
    self.backend.get_user(self._get_param("UserName")).boundary_arn = None
    return EmptyResult()
