"""Modules of a zip are compiled once; a traceback names the folder of the environment that raised it."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import pytest

from inventory_lab.embedded_aws.awslambda import bytecode

SOURCE = "def outer():\n    def inner():\n        raise KeyError\n    inner()\n"


def load(folder: Path, source: str, name: str = "module_of_a_zip") -> dict[str, object]:
    (folder / f"{name}.py").write_text(source)
    spec = bytecode.import_hook(folder)(str(folder)).find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    code = spec.loader.get_code(name)  # type: ignore[attr-defined]
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102 a module of this test
    return names


def files_of(error: BaseException) -> list[str]:
    return [frame.filename for frame in traceback.extract_tb(error.__traceback__)][1:]


def test_two_environments_share_what_is_compiled_and_each_names_its_own_folder(
    tmp_path: Path,
) -> None:
    compiled = bytecode._compiled.cache_info().misses
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        outer = load(folder, SOURCE)["outer"]
        with pytest.raises(KeyError) as caught:
            outer()  # type: ignore[operator]
        assert files_of(caught.value) == [str(folder / "module_of_a_zip.py")] * 2
    assert bytecode._compiled.cache_info().misses == compiled + 1


def test_a_syntax_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SyntaxError) as caught:
        load(tmp_path, "def broken(:\n")
    assert caught.value.filename == str(tmp_path / "module_of_a_zip.py")
    assert caught.value.lineno == 1


def test_a_folder_outside_the_zip_is_not_imported_by_it(tmp_path: Path) -> None:
    with pytest.raises(ImportError):
        bytecode.import_hook(tmp_path / "zip")(str(tmp_path))


def test_no_compiled_file_is_written_into_the_environment(tmp_path: Path) -> None:
    load(tmp_path, "x = 1\n")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["module_of_a_zip.py"]
    assert not any(str(tmp_path) in str(hook) for hook in sys.path_hooks)
