"""The files of the repository as they are, never a copy: policies and the library's own source."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from inventory_lab.exceptions import NothingToShow
from inventory_lab.resources.policies import policy, policy_path

Source: TypeAlias = str | ModuleType | type | Callable[..., object] | property
"""The name of a policy, or a part of the library."""

if TYPE_CHECKING:
    from inventory_lab.lab import Lab


def show(what: Source, lab: Lab | None = None, sid: str = "") -> None:
    """Print a policy by its name, or the source of a function, class or module of the library.

    The path in the repository comes first. With a lab the placeholders of a policy are filled in, as
    build() does; `sid` picks one statement. Raises NothingToShow for another name.

    >>> show("producer/put-to-one-stream")  # doctest: +ELLIPSIS
    iam_policies/producer/put-to-one-stream.json
    <BLANKLINE>
    ...
    """
    if isinstance(what, str):
        path, text = f"iam_policies/{what}.json", _policy(what, lab, sid)
    else:
        path, text = _source(what)
    print(f"{path}\n\n{text.rstrip()}")


def _policy(name: str, lab: Lab | None, sid: str) -> str:
    path = policy_path(name)
    if not path.is_file():
        raise NothingToShow(name, f"there are {', '.join(_policy_names())}")
    text = path.read_text(encoding="utf-8") if lab is None else policy(name, lab.account)
    if lab is None and not sid:
        return text
    document = json.loads(text)
    return json.dumps(_statement(document, sid) if sid else document, indent=2)


def _policy_names() -> list[str]:
    folder = policy_path("producer/put-to-one-stream").parents[1]
    return sorted(p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.json"))


def _statement(document: dict[str, Any], sid: str) -> Any:
    by_sid = {statement.get("Sid"): statement for statement in document["Statement"]}
    if sid not in by_sid:
        raise NothingToShow(sid, f"the statements are {', '.join(by_sid)}")
    return by_sid[sid]


def _source(what: Any) -> tuple[str, str]:
    """The path in the repository and the source; of a property, those of its function."""
    package = Path(__file__).resolve().parents[1]
    target: Any = what.fget if isinstance(what, property) else what
    what = inspect.unwrap(target)
    try:
        path = Path(inspect.getsourcefile(what) or "").resolve().relative_to(package.parent)
        if path.parts[0] != package.name:
            raise ValueError(path)
        return path.as_posix(), dedent(inspect.getsource(what))
    except (TypeError, OSError, ValueError) as exc:
        raise NothingToShow(what, "it is not a function, class or module of inventory_lab") from exc
