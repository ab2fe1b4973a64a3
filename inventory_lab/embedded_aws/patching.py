"""Patches of moto and botocore: declared, compared with what is installed, and applied together.

A patch states what it replaces, why, and the signature that it was written for. `applied` compares
the signature with the installed one before anything is changed, so a moto that renames a method
stops connect() with an error that names the patch, instead of running without it.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any, Literal
from unittest.mock import patch

from inventory_lab.exceptions import UnsupportedMoto

Kind = Literal["gap", "hook", "speed"]
"""A `gap` is something that AWS does and moto does not. A `hook` connects moto to the embedded account:
its gate, its clock, its functions. `speed` changes no answer."""

TESTED_MOTO = ">=5.2.5,<5.3"
TESTED_VERSIONS: tuple[tuple[int, ...], tuple[int, ...]] = (5, 2, 5), (5, 3)
"""The same range in numbers: the first version of it, and the first after it."""
_MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class Patch:
    """One replaced attribute of a class or module.

    `replacement` is the new value; `around`, instead, makes it from what is there. `signature` is
    what `current_signature` returned for the target in the tested version. A `new` attribute is one that
    the owner does not have yet. `upstream` says whether moto itself could take the change.

    >>> class Queue:
    ...     def count(self): return 1
    >>> double = Patch(
    ...     owner=Queue, name="count", signature="(self)", kind="gap", why="AWS counts double",
    ...     around=lambda count: lambda self: 2 * count(self),
    ... )
    >>> with applied([double]):
    ...     Queue().count()
    2
    >>> Queue().count()
    1
    """

    owner: Any
    name: str
    kind: Kind
    why: str
    signature: str = ""
    replacement: Any = None
    around: Callable[[Any], Any] | None = None
    new: bool = False
    upstream: bool = False

    @property
    def target(self) -> str:
        """Owner and name, for example 'KinesisBackend.put_record'."""
        return f"{self.owner.__name__}.{self.name}"

    def problem(self) -> str | None:
        """Why the patch does not fit what is installed; None when it fits."""
        expected, current = self._expected(), current_signature(self.owner, self.name)
        if current == expected:
            return None
        return f"{self.target} is {current}, and was {expected}"

    def value(self) -> Any:
        """What takes the place of the target."""
        return self.around(getattr(self.owner, self.name)) if self.around else self.replacement

    def _expected(self) -> str:
        return _MISSING if self.new else self.signature


def gap(
    owner: Any,
    name: str,
    signature: str,
    why: str,
    replacement: Any = None,
    around: Callable[[Any], Any] | None = None,
) -> Patch:
    """A patch of something that AWS does and moto does not; moto could take it."""
    return Patch(
        owner=owner, name=name, signature=signature, kind="gap", why=why, replacement=replacement,
        around=around, upstream=True,
    )  # fmt: skip


def operation(owner: Any, name: str, replacement: Callable[[Any], Any]) -> Patch:
    """A patch that adds an operation of AWS's which moto does not have."""
    return Patch(
        owner=owner, name=name, kind="gap", why="the operation itself", replacement=replacement,
        new=True, upstream=True,
    )  # fmt: skip


def hook(
    owner: Any,
    name: str,
    signature: str,
    why: str,
    replacement: Any = None,
    around: Callable[[Any], Any] | None = None,
) -> Patch:
    """A patch that connects moto to the embedded account."""
    return Patch(
        owner=owner, name=name, signature=signature, kind="hook", why=why, replacement=replacement,
        around=around,
    )  # fmt: skip


def current_signature(owner: Any, name: str) -> str:
    """Parameters and defaults of a function or class, without annotations; for another attribute, its
    type; 'missing' when there is none.

    >>> current_signature(Patch, "value")
    '(self)'
    >>> current_signature(Patch, "target")
    'property(self)'
    >>> current_signature(Patch, "values")
    'missing'
    """
    try:
        attribute = inspect.getattr_static(owner, name)
    except AttributeError:
        return _MISSING
    if isinstance(attribute, property):
        return f"property{_parameters(attribute.fget)}"
    if isinstance(attribute, staticmethod | classmethod):
        return f"{type(attribute).__name__}{_parameters(attribute.__func__)}"
    return _parameters(attribute) if callable(attribute) else type(attribute).__name__


@contextmanager
def applied(patches: Iterable[Patch]) -> Iterator[None]:
    """While open, every target is replaced. Raises UnsupportedMoto, before anything is replaced, with
    all patches that do not fit; ValueError for two patches of one target.
    """
    patches = list(patches)
    check(patches)
    with ExitStack() as stack:
        for one in patches:
            change = patch.object(one.owner, one.name, one.value(), create=one.new)
            stack.enter_context(change)
        yield


def check(patches: Iterable[Patch]) -> None:
    """Raises UnsupportedMoto, ValueError: see applied()."""
    patches = list(patches)
    problems = [problem for one in patches if (problem := one.problem())]
    if problems:
        raise UnsupportedMoto(installed_moto(), TESTED_MOTO, problems)
    targets = Counter((id(one.owner), one.name) for one in patches)
    twice = [one.target for one in patches if targets[id(one.owner), one.name] > 1]
    if twice:
        raise ValueError(f"two patches of one target: {', '.join(sorted(set(twice)))}")


@cache
def installed_moto() -> str:
    """The version of moto in this process."""
    return version("moto")


def check_moto(installed: str) -> None:
    """Raises UnsupportedMoto unless the version is in the range that the patches were tested with."""
    numbers = tuple(int(part) for part in installed.split(".")[:3] if part.isdigit())
    first, after = TESTED_VERSIONS
    if not first <= numbers < after:
        raise UnsupportedMoto(installed, TESTED_MOTO)


@lru_cache(maxsize=1024)
def _parameters(function: Any) -> str:
    signature = inspect.signature(function)
    plain = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=plain, return_annotation=signature.empty))
