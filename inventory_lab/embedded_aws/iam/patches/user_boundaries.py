"""Permissions boundaries of users, which moto 5.2.5 has for roles only.

| | moto | AWS, and the lab |
|---|---|---|
| CreateUser with PermissionsBoundary | ignores it | sets it |
| Put- and DeleteUserPermissionsBoundary | not implemented | set and remove it |
| GetUser | shows none | shows it |

"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import EmptyResult
from moto.iam.models import User
from moto.iam.responses import IamResponse

from inventory_lab.embedded_aws.patching import Patch, gap


def patches() -> list[Patch]:
    """What gives users permissions boundaries."""
    return [
        gap(
            IamResponse,
            "create_user",
            "(self)",
            "sets the permissions boundary of the request",
            around=_created,
        ),
        _new(User, "permissions_boundary", property(_shown), "GetUser shows the boundary"),
        _new(IamResponse, "put_user_permissions_boundary", _put, "sets the boundary of a user"),
        _new(IamResponse, "delete_user_permissions_boundary", _delete, "removes it"),
    ]


def _new(owner: Any, name: str, replacement: Any, why: str) -> Patch:
    return Patch(
        owner=owner,
        name=name,
        kind="gap",
        why=why,
        replacement=replacement,
        new=True,
        upstream=True,
    )


def _shown(user: Any) -> dict[str, str] | None:
    arn = getattr(user, "boundary_arn", None)
    kind = "PermissionsBoundaryPolicy"
    return {"PermissionsBoundaryType": kind, "PermissionsBoundaryArn": arn} if arn else None


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
