"""What is the same for all accounts of a process."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from io import BytesIO
from typing import Any

import moto.core.utils
from moto.core.base_backend import BaseBackend
from moto.core.request import Request, environ_key_for_header
from moto.sns.models import Subscription

from inventory_lab.embedded_aws.patching import Patch
from inventory_lab.embedded_aws.performance.faster import faster

_SIGNING_KEYS: dict[str, Any] = {}
_one_loader = cache(moto.core.utils.create_loader)


def patches() -> list[Patch]:
    """What is the same for all accounts of a process."""
    key = "messages are signed with one key"
    return [
        faster(Subscription, "private_key", "(self)", key, _one_key),
        faster(
            moto.core.utils,
            "create_loader",
            "()",
            "the folders of all services are looked through once",
            lambda _: _one_loader,
        ),
        faster(
            BaseBackend,
            "urls",
            "property(self)",
            "the addresses of a service are worked out once",
            _once_for_each_class,
        ),
        Patch(
            owner=Request,
            name="from_primitives",
            signature="classmethod(cls, method, url, headers, body=None)",
            kind="speed",
            why="what requests to one address have in common is worked out once",
            around=lambda build: staticmethod(_from_a_template(build)),
            upstream=True,
        ),
    ]


def _from_a_template(build: Callable[..., Request]) -> Callable[..., Request]:
    """Builds a POST with a body of bytes from an empty one to the same address; others as moto does."""

    @lru_cache(maxsize=256)
    def template(url: str) -> dict[str, Any]:
        return dict(build("POST", url, {}).environ)

    def from_a_template(method: str, url: str, headers: Any, body: Any = None) -> Request:
        if method != "POST" or not isinstance(body, bytes) or any("_" in key for key in headers):
            return build(method, url, headers, body)
        environ = template(url) | {"wsgi.input": BytesIO(body)}
        for key, value in headers.items():
            text = value.decode() if isinstance(value, bytes) else value
            environ[environ_key_for_header(key)] = text
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return Request(environ)

    return from_a_template


def _once_for_each_class(urls: property) -> property:
    known: dict[type, Any] = {}

    def of_class(self: Any) -> Any:
        if type(self) not in known:
            known[type(self)] = urls.fget(self)  # type: ignore[misc]
        return known[type(self)]

    return property(of_class)


def _one_key(private_key: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The 2,048 bits of a new key take a tenth of a second to find. Nothing checks the signature: the
    certificate that a message names cannot be fetched.
    """

    def one_key(subscription: Any) -> Any:
        if "sns" not in _SIGNING_KEYS:
            _SIGNING_KEYS["sns"] = private_key(subscription)
        return _SIGNING_KEYS["sns"]

    return one_key
