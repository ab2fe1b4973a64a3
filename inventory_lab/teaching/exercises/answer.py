"""A learner's answer, called in a way that ends and never shows a traceback of the library."""

from __future__ import annotations

import ast
import contextlib
import dis
import inspect
import io
import linecache
import re
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from threading import get_ident
from types import CodeType, FrameType, TracebackType
from typing import Any, TypeVar
from unittest.mock import patch

from botocore.exceptions import BotoCoreError, ClientError

from inventory_lab.exceptions import WrongAnswer

STEPS = 3_000_000
"""Instructions of the learner's code that one call may execute: far more than any exercise needs."""
WAITS = 100
LONGEST_LINE = 70
Result = TypeVar("Result")
_LONG_VALUE = re.compile(r", value: .{60,}?(?=, type: <class)")
_OBJECT = re.compile(r"<(?:\w+\.)*(\w+) object at 0x[0-9a-f]+>")
_serial = count(1)


class StopAnswer(BaseException):
    """Ends the call of an answer with a diagnosis; no `except Exception` of a learner swallows it."""


class Answer:
    """The learner's function as a check calls it: `answer(kinesis, name)`.

    An error inside becomes a WrongAnswer that names the learner's line; `error` of it is the original.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = function.__name__
        self.printed = ""

    def __call__(self, *arguments: object, **keywords: object) -> Any:
        """What the function returns. Raises WrongAnswer for every error of the function."""
        self._check_signature(*arguments, **keywords)
        return self._protected(lambda: self.function(*arguments, **keywords))

    def take(self, items: Iterator[Any], most: int) -> list[Any]:
        """The first `most` items of a generator that the function returned: its code runs only when they
        are taken. Raises WrongAnswer for every error of it.
        """
        return self._protected(lambda: list(islice(items, most)))

    def _protected(self, call: Callable[[], Result]) -> Result:
        """What the call gives. Raises WrongAnswer for every error of the learner's code."""
        output = io.StringIO()
        try:
            limited = _limited(self.function.__globals__)
            with contextlib.redirect_stdout(output), _no_waiting(), limited:
                return call()
        except StopAnswer as exc:
            raise WrongAnswer(str(exc), exc) from None
        except SystemExit as exc:
            raise WrongAnswer(
                f"{self.name} ends the program: return instead of exit()", exc
            ) from None
        except Exception as exc:
            raise WrongAnswer(self._crash(exc), exc) from exc
        finally:
            self.printed += output.getvalue()

    def _check_signature(self, *arguments: object, **keywords: object) -> None:
        try:
            inspect.signature(self.function).bind(*arguments, **keywords)
        except TypeError as exc:
            number = len(arguments) + len(keywords)
            text = f"{self.name} is called with {number} arguments: keep the first line as it was"
            raise WrongAnswer(text, exc) from None

    def _crash(self, exc: Exception) -> str:
        line = _line_of(exc.__traceback__, self.function.__globals__)
        where = f" in {line}" if line else ""
        if isinstance(exc, ClientError):
            error = exc.response["Error"]
            return f"AWS answered {error['Code']}{where}: {error['Message']}"
        what = str(exc).splitlines()[0] if str(exc) else ""
        if isinstance(exc, BotoCoreError):
            what = " ".join(_LONG_VALUE.sub("", line) for line in str(exc).splitlines())
        what = _OBJECT.sub(r"\1", what)
        return f"{type(exc).__name__}{where}" + (f": {what}" if what else "")


@contextmanager
def _limited(namespace: dict[str, Any]) -> Iterator[None]:
    """Inside, code that has these globals may execute STEPS instructions."""
    left = STEPS

    def each_step(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        left -= event == "opcode"  # a loop in one line has no other event
        if left < 0:
            line = _quoted(frame, frame.f_lineno)
            raise StopAnswer(f"It does not come to an end: after {STEPS:,} steps it is in {line}.")
        return each_step

    def each_call(frame: FrameType, _event: str, _: object) -> Any:
        if frame.f_globals is not namespace:
            return None
        frame.f_trace_opcodes = True
        return each_step

    before = sys.gettrace()
    sys.settrace(each_call)
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def _no_waiting() -> Iterator[None]:
    """Inside, time.sleep returns at once, that of botocore's waiters too; only so many times. Threads
    other than this one, those of a notebook's kernel, sleep as before.
    """
    waits, real, caller = count(1), time.sleep, get_ident()

    def sleep(seconds: float) -> None:
        if get_ident() != caller:
            real(seconds)
        elif next(waits) > WAITS:
            raise StopAnswer(f"It does not come to an end: it has waited {WAITS} times.")

    with patch.object(time, "sleep", sleep):
        yield


def _line_of(traceback: TracebackType | None, namespace: dict[str, Any]) -> str:
    """The learner's line in which an error began; "" when there is none."""
    line = ""
    while traceback is not None:
        if traceback.tb_frame.f_globals is namespace:
            line = _quoted(traceback.tb_frame, traceback.tb_lineno)
        traceback = traceback.tb_next
    return line


def _quoted(frame: FrameType, number: int) -> str:
    text = linecache.getline(frame.f_code.co_filename, number).strip()
    short = textwrap.shorten(text, LONGEST_LINE, placeholder=" …")
    return f"line {number} ({short})" if short else f"line {number}"


def function_of(source: str, name: str) -> object:
    """The function or value that `source` defines under a name, as a notebook cell would."""
    filename = f"<answer {next(_serial)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)  # noqa: S102 the learner's own code
    return namespace[name]


def source_of(function: Callable[..., Any]) -> str:
    """The source of a function that was made in a notebook cell; "" where there is none."""
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""


def require_alone(function: Callable[..., Any], name: str, **around: object) -> None:
    """Raise WrongAnswer unless the source of the function alone, with these names around it, defines `name`:
    a lesson that deploys an answer writes nothing else into the file.
    """
    source, namespace = source_of(function), {"__name__": "app", **around}
    if not source:
        return
    try:
        exec(compile(source, "app.py", "exec", dont_inherit=True), namespace)  # noqa: S102 the learner's own code
        getattr(namespace.get(name), "__annotations__", None)  # evaluated here since Python 3.14
    except Exception as exc:
        raise WrongAnswer(
            f"Lambda gets the source of this function alone, and cannot define it: {type(exc).__name__}: {exc}. "
            "Annotations, defaults and decorators must not use a name of the notebook.",
            exc,
        ) from exc
    if name not in namespace:
        raise WrongAnswer(
            f"Lambda gets the source of this function alone, which is called {function.__name__} there. "
            f"Begin it with: def {name}"
        )


def globals_of(function: Callable[..., Any]) -> dict[str, object]:
    """What a function, its first line, and the functions in it use of the module around it, by name."""
    around = function.__globals__
    names = _global_names(function.__code__) | _names_in_the_first_line(function)
    return {name: around[name] for name in sorted(names & set(around))}


def _names_in_the_first_line(function: Callable[..., Any]) -> set[str]:
    """The names in the decorators, the annotations and the defaults of a function."""
    definition = _definition(function)
    if definition is None:
        return set()
    parts = [*definition.decorator_list, definition.args, definition.returns]
    nodes = [node for part in parts if part is not None for node in ast.walk(part)]
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _global_names(code: CodeType) -> set[str]:
    names = {
        i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return names.union(*map(_global_names, inner))


def is_empty(answer: object) -> bool:
    """Whether the exercise is still open: no answer, a function whose body does nothing, or one that
    still has the `...` of the exercise.
    """
    if answer is None or answer is ...:
        return True
    definition = _definition(answer)
    if definition is None:
        return False
    return any(map(_is_ellipsis, definition.body)) or all(map(_does_nothing, definition.body))


def is_begun(answer: object) -> bool:
    """Whether there is code beside the `...` of the exercise: more than the lines that are given, which
    import, assign, or return a name.
    """
    definition = _definition(answer)
    if definition is None or not any(map(_is_ellipsis, definition.body)):
        return False
    return not all(map(_may_be_given, definition.body))


def _definition(answer: object) -> ast.FunctionDef | None:
    """The definition of a function; None without its source, and for a lambda."""
    source = source_of(answer) if inspect.isfunction(answer) else ""
    try:
        first = ast.parse(source).body[:1]
    except SyntaxError:  # a lambda in the middle of a statement
        return None
    return first[0] if first and isinstance(first[0], ast.FunctionDef) else None


def _may_be_given(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.Assign():
            return True
        case ast.Return(value=ast.Name()):
            return True
    return False


def _is_ellipsis(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=value)):
            return value is ...
    return False


def _does_nothing(statement: ast.stmt) -> bool:
    """A docstring, `...`, `pass`, or a bare return."""
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Return(value=None):
            return True
        case ast.Return(value=ast.Constant(value=None)):
            return True
        case ast.Raise(
            exc=ast.Name(id="NotImplementedError")
            | ast.Call(func=ast.Name(id="NotImplementedError"))
        ):
            return True
    return False
