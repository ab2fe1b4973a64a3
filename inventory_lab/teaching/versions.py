"""Do the installed packages fit? The ranges are those of the installed distribution."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata

DISTRIBUTION = "inventory-lab"
_NAME_AND_RANGE = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?(.*)")


def versions() -> None:
    """Print Python and each package that the library needs, a line each: `ok`, or what is wrong with it
    and the range that fits.
    """
    facts = metadata.metadata(DISTRIBUTION)
    needed = [r for r in metadata.requires(DISTRIBUTION) or [] if "extra ==" not in r]
    print(*lines([f"Python{facts['Requires-Python']}", *needed], _installed), sep="\n")


def lines(requirements: Iterable[str], version_of: Callable[[str], str]) -> Iterator[str]:
    """A line a requirement such as `boto3>=1.40,<2`; `version_of` gives "" for what is missing."""
    for requirement in requirements:
        name, wanted = _NAME_AND_RANGE.findall(requirement)[0]
        version = version_of(name)
        verdict = fit(version, wanted) if version else "missing"
        told = "" if verdict == "ok" else f": {version or 'none'}, wanted {wanted}"
        yield f"{name:16}{verdict}{told}"


def fit(version: str, wanted: str) -> str:
    """`ok`, `too old` or `too new`, for a version and a range of the form `>=1.40,<2`."""
    if any(_release(version) < _release(bound) for bound in re.findall(">=([0-9.]+)", wanted)):
        return "too old"
    if any(_release(version) >= _release(bound) for bound in re.findall("<([0-9.]+)", wanted)):
        return "too new"
    return "ok"


def _installed(name: str) -> str:
    if name == "Python":
        return platform.python_version()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a release without trailing zeros: 2.2.0 and 2.2rc1 count as 2.2."""
    numbers = re.match(r"\d+(\.\d+)*", version)
    release = [int(number) for number in numbers[0].split(".")] if numbers else []
    while release and release[-1] == 0:
        release.pop()
    return tuple(release)
