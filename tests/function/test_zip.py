from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

from inventory_lab.resources.function import build_zip


def test_the_zip_is_the_same_byte_for_byte() -> None:
    assert build_zip() == build_zip()


def test_the_zip_depends_on_no_time_and_no_compression_library() -> None:
    with zipfile.ZipFile(io.BytesIO(build_zip())) as archive:
        entries = archive.infolist()
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert [e.filename for e in entries[1:]] == sorted(e.filename for e in entries[1:])


def test_the_zip_holds_domain_and_function_alone(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(build_zip())) as archive:
        archive.extractall(tmp_path)
    folders = {path.parent.name for path in tmp_path.rglob("*.py")}
    assert folders == {"inventory_lab", "domain", "function"}


def test_both_handlers_import_from_the_zip_alone(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(build_zip())) as archive:
        archive.extractall(tmp_path)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from inventory_lab.function import handler, per_record;"
        "assert handler.__file__.startswith(sys.argv[1]), handler.__file__;"
        "print(sorted({'moto', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == "[]"
