"""A buildspec: what a build runs in each phase, and what it keeps.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory_lab.exceptions import BadBuildspec

PHASES = ("install", "pre_build", "build", "post_build")
_KEYS = {
    "": {"version", "env", "phases", "reports", "artifacts"},
    "env": {"variables"},
    "phases": set(PHASES),
    "artifacts": {"files", "base-directory", "discard-paths"},
}
_PHASE_KEYS = {"commands", "finally", "on-failure", "runtime-versions"}
_REPORT_KEYS = {"files", "base-directory", "discard-paths", "file-format"}


@dataclass(frozen=True, slots=True)
class Phase:
    """The commands of a phase; those of `finally` also run when a command failed. With `aborts` a failure
    ends the build.
    """

    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    aborts: bool = False


@dataclass(frozen=True, slots=True)
class Files:
    """Patterns of files below a base directory; with `discard_paths` they keep only their names."""

    patterns: tuple[str, ...]
    base_directory: str = "."
    discard_paths: bool = False


@dataclass(frozen=True, slots=True)
class Buildspec:
    """What a build does."""

    phases: Mapping[str, Phase]
    variables: Mapping[str, str] = field(default_factory=dict)
    reports: Mapping[str, Files] = field(default_factory=dict)
    artifacts: Files | None = None


def read_buildspec(text: str) -> Buildspec:
    r"""The buildspec of a YAML text. Raises BadBuildspec for one that CodeBuild refuses, and for a
    part that the embedded AWS does not support.

    >>> spec = read_buildspec("version: 0.2\nphases:\n  build:\n    commands: [python -m pytest]")
    >>> spec.phases["build"].commands
    ('python -m pytest',)
    """
    document = _mapping(_parsed(text), "the buildspec")
    if str(document.get("version")) != "0.2":
        raise BadBuildspec("version", f"is {document.get('version')}, and must be 0.2")
    _check_keys(document, "", _KEYS[""])
    parts = {name: _mapping(document.get(name) or {}, name) for name in _KEYS[""] - {"version"}}
    for name in ("env", "phases", "artifacts"):
        _check_keys(parts[name], name, _KEYS[name])
    if not parts["phases"]:
        raise BadBuildspec("phases", "has no phase")
    return Buildspec(
        phases={name: _phase(name, value) for name, value in parts["phases"].items()},
        variables=_variables(parts["env"]),
        reports={name: _report(name, value) for name, value in parts["reports"].items()},
        artifacts=_files("artifacts", parts["artifacts"]) if parts["artifacts"] else None,
    )


def _parsed(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise BadBuildspec("YAML", str(exc)) from exc


def _variables(env: Mapping[str, Any]) -> dict[str, str]:
    variables = _mapping(env.get("variables") or {}, "env/variables")
    return {name: _text(value) for name, value in variables.items()}


def _phase(name: str, value: Any) -> Phase:
    phase = _mapping(value, f"phases/{name}")
    _check_keys(phase, f"phases/{name}", _PHASE_KEYS)
    on_failure = phase.get("on-failure")
    if on_failure not in (None, "ABORT"):
        raise BadBuildspec(f"phases/{name}/on-failure", f"{on_failure} is not supported here")
    return Phase(
        _texts(phase.get("commands"), f"phases/{name}/commands"),
        _texts(phase.get("finally"), f"phases/{name}/finally"),
        on_failure == "ABORT",
    )


def _report(name: str, value: Any) -> Files:
    report = _mapping(value, f"reports/{name}")
    _check_keys(report, f"reports/{name}", _REPORT_KEYS)
    kind = report.get("file-format", "JUNITXML")
    if kind != "JUNITXML":
        raise BadBuildspec(f"reports/{name}/file-format", f"{kind} is not supported here")
    return _files(f"reports/{name}", report)


def _files(where: str, value: Mapping[str, Any]) -> Files:
    patterns = _texts(value.get("files"), f"{where}/files")
    if not patterns:
        raise BadBuildspec(f"{where}/files", "names no file")
    discard = str(value.get("discard-paths", "no")).lower() in ("yes", "true")
    return Files(patterns, str(value.get("base-directory", ".")), discard)


def _check_keys(value: Mapping[str, Any], where: str, known: set[str]) -> None:
    for key in value:
        if key not in known:
            raise BadBuildspec(f"{where}/{key}".lstrip("/"), "is not a key that is supported here")


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadBuildspec(where, "is not a mapping")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    entries = [value] if isinstance(value, str) else value or []
    if not isinstance(entries, list) or any(isinstance(e, dict | list) for e in entries):
        raise BadBuildspec(where, "is not a list of texts; put a command with a colon in quotes")
    return tuple(_text(entry) for entry in entries)


def _text(value: Any) -> str:
    """The value as a shell sees it: YAML's true and false are words."""
    return str(value).lower() if isinstance(value, bool) else str(value)
