"""Do the installed packages fit? The ranges are those of pyproject.toml."""

from __future__ import annotations

import platform
import tomllib
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement

DISTRIBUTION = "inventory-lab"
CHECKOUT = Path(__file__).resolve().parents[2]


def versions() -> None:
    """Print Python and each package that the library needs, a line each.

    The line says `ok`, or what is wrong with the installed version and which range fits.

    >>> versions()  # doctest: +ELLIPSIS
    Python ...
    """
    print(*lines(requirements(), _installed), sep="\n")


def requirements(checkout: Path = CHECKOUT) -> list[str]:
    """What the library needs, such as `boto3<2,>=1.40`, Python first: from the checkout, whether it is
    installed or not, else from the installed distribution.
    """
    pyproject = checkout / "pyproject.toml"
    if pyproject.is_file():
        project = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("project", {})
        if project.get("name") == DISTRIBUTION:
            return [f"Python{project['requires-python']}", *project["dependencies"]]
    facts = metadata.metadata(DISTRIBUTION)
    needed = [r for r in metadata.requires(DISTRIBUTION) or [] if "extra ==" not in r]
    return [f"Python{facts['Requires-Python']}", *needed]


def lines(requirements: Iterable[str], version_of: Callable[[str], str]) -> Iterator[str]:
    """A line for each requirement; `version_of` returns "" for a package that is missing.

    >>> print(*lines(["boto3<2,>=1.40"], lambda name: "1.39.0"))
    boto3           too old: 1.39.0, needs <2,>=1.40
    """
    from packaging.requirements import Requirement

    for requirement in map(Requirement, requirements):
        version = version_of(requirement.name)
        verdict = fit(version, requirement) if version else "missing"
        needs = "" if verdict == "ok" else f": {version or 'none'}, needs {requirement.specifier}"
        yield f"{requirement.name:16}{verdict}{needs}"


def fit(version: str, requirement: Requirement) -> str:
    """`ok`, `too old` or `too new`; a pre-release counts as its release."""
    from packaging.version import Version

    release = Version(Version(version).base_version)
    if requirement.specifier.contains(release):
        return "ok"
    lower = [Version(s.version) for s in requirement.specifier if s.operator == ">="]
    return "too old" if any(release < bound for bound in lower) else "too new"


def _installed(name: str) -> str:
    if name == "Python":
        return platform.python_version()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
