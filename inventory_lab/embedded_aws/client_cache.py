"""What botocore computes again for every session, client and call, although the answer is the same.

A lab makes some thirty clients, and a new environment of a function makes its own. Nothing here
changes an answer: `tests/embedded_aws/test_client_cache.py` compares the clients with botocore's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any

import botocore.auth
import botocore.client
import botocore.endpoint
import botocore.endpoint_provider
import botocore.handlers
import botocore.hooks
import botocore.httpsession
import botocore.session
from botocore.model import ServiceModel

from inventory_lab.embedded_aws.patching import Patch


def patches() -> list[Patch]:
    """Sessions and clients are made sooner, from parts that are made once in a process.

    botocore changes with every release of boto3, and nothing depends on these patches: one that does
    not fit the installed botocore is left out.
    """
    return [patch for patch in all_patches() if patch.problem() is None]


def all_patches() -> list[Patch]:
    """The patches as they fit the botocore that they were written for."""
    creator = botocore.client.ClientCreator
    return [
        _once(botocore.hooks.EventAliaser, "__init__", "(self, event_emitter, event_aliases=None)",
              "the aliases of an event's name are looked up once", _with_known_names),
        _once(botocore.hooks, "accepts_kwargs", "(func)",
              "a handler's parameters are read from its code", _from_code),
        _once(creator, "_load_service_model", "(self, service_name, api_version=None)",
              "clients of one service share its model", _same_model),
        _once(creator, "_create_methods", "(self, service_model)",
              "clients of one service share their methods", _same_methods),
        _once(botocore.endpoint_provider, "RuleSet",
              "(version, parameters, rules, partitions, documentation=None, **kwargs)",
              "clients of one service share the rules of its endpoints", _same_rules),
        _once(botocore.hooks._PrefixTrie, "__copy__", "(self)",
              "clients share the handlers of their session that they do not change", lambda _: _sharing),
        _once(botocore.session.Session, "_register_builtin_handlers", "(self, events)",
              "the handlers of a session are registered once in a process", _with_the_same_handlers),
        _once(botocore.endpoint.EndpointCreator, "_get_proxies", "(self, url)",
              "proxies are not looked up for connections that are never opened", lambda _: _no_proxies),
        _once(botocore.auth.SigV4Auth, "add_auth", "(self, request)",
              "a signature that nobody verifies is not computed", _with_no_signature),
        _once(botocore.httpsession, "create_urllib3_context",
              "(ssl_version=None, cert_reqs=None, options=None, ciphers=None)",
              "clients share the settings of connections that are never opened", cache),
    ]  # fmt: skip


def _once(owner: Any, name: str, signature: str, why: str, around: Callable[[Any], Any]) -> Patch:
    return Patch(
        owner=owner, name=name, signature=signature, kind="speed", why=why, around=around,
        upstream=False,
    )  # fmt: skip


_NAMES: dict[str, str] = {}
_MODELS: dict[tuple[int, str, str | None], tuple[Any, ServiceModel]] = {}
_METHODS: dict[int, tuple[ServiceModel, dict[str, Any]]] = {}
_RULES: dict[int, tuple[Any, Any]] = {}
# The object of an id is kept with the answer, so that its id is not used again.


def _with_known_names(start: Callable[..., None]) -> Callable[..., None]:
    def with_known_names(self: Any, event_emitter: Any, event_aliases: Any = None) -> None:
        start(self, event_emitter, event_aliases)
        if self._event_aliases == botocore.hooks.EVENT_ALIASES:
            self._alias_name_cache = _NAMES

    return with_known_names


def _from_code(accepts_kwargs: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def from_code(func: Any) -> bool:
        plain = getattr(func, "__func__", func)
        code = getattr(plain, "__code__", None)
        if code is None or hasattr(plain, "__signature__"):
            return bool(accepts_kwargs(func))
        return bool(code.co_flags & inspect.CO_VARKEYWORDS)

    return from_code


def _same_model(load: Callable[..., ServiceModel]) -> Callable[..., ServiceModel]:
    def same_model(self: Any, service_name: str, api_version: str | None = None) -> ServiceModel:
        key = id(self._loader), service_name, api_version
        if key not in _MODELS:
            _MODELS[key] = self._loader, load(self, service_name, api_version)
        return _MODELS[key][1]

    return same_model


def _same_methods(create: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def same_methods(self: Any, service_model: ServiceModel) -> dict[str, Any]:
        if id(service_model) not in _METHODS:
            _METHODS[id(service_model)] = service_model, create(self, service_model)
        return dict(_METHODS[id(service_model)][1])

    return same_methods


class _SharingTrie(botocore.hooks._PrefixTrie):
    """Handlers of events whose branches other tries have too, until one of them changes the branch."""

    _shared: set[str]

    def append_item(self, key: str, *rest: Any, **named: Any) -> None:
        """As botocore does it, in a branch of its own."""
        self._take(key)
        super().append_item(key, *rest, **named)

    def remove_item(self, key: str, value: Any) -> None:
        """As botocore does it, in a branch of its own."""
        self._take(key)
        super().remove_item(key, value)

    def __copy__(self) -> _SharingTrie:
        return _sharing(self)

    def _take(self, key: str) -> None:
        branch = key.partition(".")[0]
        if branch in self._shared:
            self._shared.discard(branch)
            children = self._root["children"]
            children[branch] = self._recursive_copy(children[branch])


def _sharing(trie: Any) -> _SharingTrie:
    """A copy that shares its branches. The original shares them too from now on, also after the lab is
    closed, so it becomes a trie that knows it.
    """
    copied = _SharingTrie()
    copied._root = {**trie._root, "children": dict(trie._root["children"])}
    trie.__class__ = _SharingTrie
    trie._shared, copied._shared = set(trie._root["children"]), set(trie._root["children"])
    return copied


def _with_the_same_handlers(register: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """A new session begins with a copy of the handlers that the first one registered."""
    registered: list[Any] = []
    template = botocore.hooks.HierarchicalEmitter()

    def with_the_same_handlers(self: Any, events: Any) -> None:
        emitter, handlers = self._original_handler, botocore.handlers.BUILTIN_HANDLERS
        if type(emitter) is not botocore.hooks.HierarchicalEmitter or _has_handlers(emitter):
            register(self, events)
        elif registered == handlers:
            emitter.__dict__.update(copy(template).__dict__)
        else:
            register(self, events)
            registered[:] = handlers
            template.__dict__.update(copy(emitter).__dict__)

    return with_the_same_handlers


def _has_handlers(emitter: Any) -> bool:
    return bool(emitter._handlers._root["children"])


def _no_proxies(_: Any, url: str) -> dict[str, str]:  # noqa: ARG001 botocore gives it
    return {}


NO_SIGNATURE = "0" * 64


def _with_no_signature(add_auth: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """The headers that name the key, as botocore makes them; a presigned URL is signed as ever."""

    def with_no_signature(self: Any, request: Any) -> None:
        if self.credentials is None or type(self) not in _PLAIN_SIGNERS:
            add_auth(self, request)
            return
        now = botocore.auth.get_current_datetime()
        request.context["timestamp"] = now.strftime(botocore.auth.SIGV4_TIMESTAMP)
        self._modify_request_before_signing(request)
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.scope(request)}, "
            f"SignedHeaders=host;x-amz-date, Signature={NO_SIGNATURE}"
        )

    return with_no_signature


_PLAIN_SIGNERS = (botocore.auth.SigV4Auth, botocore.auth.S3SigV4Auth)


def _same_rules(rule_set: Callable[..., Any]) -> Callable[..., Any]:
    def same_rules(**ruleset: Any) -> Any:
        key = id(ruleset["rules"])
        if key not in _RULES:
            _RULES[key] = ruleset, rule_set(**ruleset)
        return _RULES[key][1]

    return same_rules
