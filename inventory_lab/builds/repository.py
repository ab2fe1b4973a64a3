"""A small repository to build: the function's own source, a handler, its tests and a buildspec."""

from __future__ import annotations

from pathlib import Path

from inventory_lab.resources.function import ZIPPED_PACKAGES

_PACKAGE = Path(__file__).resolve().parent.parent
SAMPLE = Path(__file__).resolve().parent / "sample"


def sample_repository(folder: str | Path) -> Path:
    """Write a small repository into a folder, over what it has; the folder.

    It has `lambda_function.py`, a handler that calls the lab's own; `test_lambda_function.py`;
    `buildspec.yml`; and the source of the lab's function, which the handler needs.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     sorted(path.name for path in sample_repository(folder).glob("*.*"))
    ['buildspec.yml', 'lambda_function.py', 'test_lambda_function.py']
    """
    folder = Path(folder)
    for name, data in _files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def _files() -> dict[str, bytes]:
    sources = [p for name in ZIPPED_PACKAGES for p in sorted((_PACKAGE / name).glob("*.py"))]
    own = {p.name: p.read_bytes() for p in sorted(SAMPLE.iterdir()) if p.is_file()}
    library = {f"inventory_lab/{p.parent.name}/{p.name}": p.read_bytes() for p in sources}
    return {"inventory_lab/__init__.py": b"", **library, **own}
