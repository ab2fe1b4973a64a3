"""The tools of those who write lessons: text and back, solutions put in, what a learner writes counted."""

from __future__ import annotations

from inventory_lab.teaching.exercises.solutions import parse
from tools import cells, course, figures

TEXT = "=== markdown title\n# 02 A title\n\nText.\n\n=== code run nbval-ignore-output\nprint(1)\n"
SOLUTION = '''"""Because."""

# %% solution
def f(iam, names):
    """What."""
    made = []
    for name in names:
        try:
            made.append(iam.create_user(UserName=name))
        except iam.exceptions.EntityAlreadyExistsException:
            pass
    return made


# %% wrong: it stops at
#    the first
def f(iam, names):
    return iam.create_user(UserName=names[0])


# %% right: a loop in one line
def f(iam, names):
    return [iam.create_user(UserName=name) for name in names]


# %% unchanged: a → b -- nobody sees it
'''


def test_a_notebook_becomes_text_and_the_same_notebook_again() -> None:
    notebook = cells.from_text(TEXT)
    assert [(c.id, c.cell_type, c.source) for c in notebook.cells] == [
        ("title", "markdown", "# 02 A title\n\nText."),
        ("run", "code", "print(1)"),
    ]
    assert notebook.cells[1].metadata.tags == [course.IGNORED]
    assert cells.as_text(notebook) == TEXT


def test_the_parts_of_a_solution_file() -> None:
    known = parse(SOLUTION)
    assert known.explanation == "Because."
    assert known.source.startswith("def f(iam, names):")
    assert [(w.diagnosis, w.source.splitlines()[0]) for w in known.wrong] == [
        ("it stops at the first", "def f(iam, names):")
    ]
    assert [(r.difference, len(r.source.splitlines())) for r in known.right] == [
        ("a loop in one line", 2)
    ]
    assert known.unchanged == {"a → b": "nobody sees it"}


def test_an_answer_takes_the_place_of_the_open_function_and_of_nothing_else() -> None:
    stub = 'import json\n\n\ndef f(a):\n    ...\n\n\nf = exercise("99/f", f)\nprint(f)'
    assert course.filled(stub, "99/f", "def f(a):\n    return 1") == stub.replace("...", "return 1")


def test_statements_and_calls_of_a_learner_are_counted() -> None:
    source = parse(SOLUTION).source
    assert figures.statements(source) == 5  # made, for, try, append, return
    assert list(figures.aws_calls(source)) == ["create_user"]
