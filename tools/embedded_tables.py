"""Write the tables of `inventory_lab/embedded_aws/README.md`: `python -m tools.embedded_tables`.

The rows come from the docstrings of the modules and from the declarations of the patches, so that each
fact stands beside the code that makes it true.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from inventory_lab.embedded_aws.account import EmbeddedAws
from inventory_lab.embedded_aws.patching import Kind, Patch

FOLDER = Path(__file__).parents[1] / "inventory_lab" / "embedded_aws"
README = FOLDER / "README.md"
SERVICES = {
    "kinesis": "Kinesis", "pipes": "EventBridge Pipes", "polling": "Reading a stream",
    "awslambda": "Lambda", "dynamodb": "DynamoDB", "s3": "S3", "sns": "SNS", "sqs": "SQS", "events": "EventBridge rules",
    "cloudwatch": "CloudWatch", "logs": "CloudWatch Logs", "codebuild": "CodeBuild", "iam": "IAM",
}  # fmt: skip
KINDS: tuple[Kind, ...] = ("gap", "hook", "speed")
MARKS = "<!-- {0} -->", "<!-- end of {0} -->"
_LAB = re.compile(r"^moto:? (?P<moto>.*); the lab (as AWS|does not)$")


class Row(NamedTuple):
    """What AWS, moto and this package do about one thing."""

    what: str
    aws: str
    moto: str
    here: str


def main() -> None:
    """Bring the README up to date."""
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")


def with_tables(text: str) -> str:
    """The README with both generated parts as the code has them now."""
    patches = EmbeddedAws("us-east-1").patches()
    text = _replaced(text, "services", "\n\n".join(_sections()))
    return _replaced(text, "patches", f"{_counts(patches)}\n\n{_patch_table(patches)}")


def rows(docstring: str) -> Iterator[Row]:
    r"""The rows of the tables in a docstring that compare AWS with moto or with this package.

    >>> table = "| | AWS | the lab |\n|---|---|---|\n| supported: a put | stored | the same |"
    >>> list(rows(table))
    [Row(what='a put', aws='stored', moto='', here='as AWS')]
    """
    header: tuple[str, ...] = ()
    for line in docstring.splitlines():
        cells = tuple(cell.strip() for cell in line.strip().strip("|").split(" | "))
        if not line.startswith("|"):
            header = ()
        elif not header:
            header = _columns(line)
        elif "AWS" in header and not line.startswith("|---") and len(cells) == len(header):
            yield _row(dict(zip(header, cells, strict=True)))


def _columns(line: str) -> tuple[str, ...]:
    names = [cell.strip().replace(" 5.2.5", "") for cell in line.strip().strip("|").split("|")]
    return tuple(name.replace("the lab", "here") for name in names)


def _row(cells: dict[str, str]) -> Row:
    topic, what = next(iter(cells.items()))
    what = f"{topic}: {what}" if topic else what.removeprefix("supported: ")
    aws, moto, here = cells.get("AWS", ""), cells.get("moto", ""), cells.get("here", "")
    both = cells.get("moto, and here", "")
    split = _LAB.match(both)
    if split:
        moto, here = split["moto"], "as AWS"
    return Row(what, aws, moto, re.sub("^the same", "as AWS", here or both))


def _compared(path: Path) -> list[Row]:
    """The rows of a file; where one column says 'AWS, and the lab', both are the same."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    text = re.sub(r"\| AWS, and the lab \|$", "| AWS |", text, flags=re.MULTILINE)
    return [row._replace(here=row.here or "as AWS") for row in rows(text)]


def _only_own(path: Path) -> bool:
    """True when a file has a table, but none that compares."""
    return "\n|---" in path.read_text(encoding="utf-8") and not _compared(path)


def _sections() -> Iterator[str]:
    for folder, name in SERVICES.items():
        files = {path: _compared(path) for path in sorted((FOLDER / folder).rglob("*.py"))}
        table = _table(
            ("", "AWS", "moto", "here"), (row for rows in files.values() for row in rows)
        )
        sources = ", ".join(f"`{path.relative_to(FOLDER)}`" for path in files if files[path])
        more = ", ".join(f"`{path.relative_to(FOLDER)}`" for path in files if _only_own(path))
        parts = [f"From {sources}, which also link AWS's pages."] if sources else []
        parts += [f"More rules are in {more}."] if more else []
        if parts:
            yield "\n\n".join([f"### {name}", *([table] if sources else []), " ".join(parts)])


def _counts(patches: Iterable[Patch]) -> str:
    counts = Counter((service_of(patch), patch.kind) for patch in patches)
    services = sorted({service for service, _ in counts})
    lines = [
        (service, *(str(counts[service, kind] or "") for kind in KINDS)) for service in services
    ]
    total = ("together", *(str(sum(counts[s, kind] for s in services)) for kind in KINDS))
    return _table(("", *KINDS), [*lines, total])


def _patch_table(patches: Iterable[Patch]) -> str:
    lines = sorted(
        (service_of(p), f"`{p.target}`", p.kind, p.why, "yes" if p.upstream else "")
        for p in patches
    )
    return _table(("service", "patch", "kind", "why", "could go upstream"), lines)


def service_of(patch: Patch) -> str:
    """The service of a patch, by the module of what it replaces; botocore is one of them."""
    module = str(getattr(patch.owner, "__module__", None) or patch.owner.__name__)
    parts = module.split(".")
    return parts[0] if parts[0] != "moto" else f"{parts[1]}".replace("core", "moto's core")


def _table(header: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    rule = ("---",) * len(header)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *lines))


def _replaced(text: str, name: str, content: str) -> str:
    start, end = (mark.format(name) for mark in MARKS)
    before, _, rest = text.partition(start)
    after = rest.partition(end)[2]
    return f"{before}{start}\n{content}\n{end}{after}"


if __name__ == "__main__":
    main()
