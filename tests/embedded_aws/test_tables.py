"""The tables of the embedded AWS's README are those that the code gives."""

from __future__ import annotations

from inventory_lab.embedded_aws.account import EmbeddedAws
from tools.embedded_tables import README, rows, service_of, with_tables


def test_the_readme_is_up_to_date() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == with_tables(text), "run python -m tools.embedded_tables"


def test_every_patch_is_in_the_table() -> None:
    text = README.read_text(encoding="utf-8")
    for patch in EmbeddedAws("us-east-1").patches():
        assert f"| {service_of(patch)} | `{patch.target}` | {patch.kind} |" in text


def test_a_row_says_what_aws_moto_and_this_package_do() -> None:
    table = (
        "| | AWS | moto 5.2.5, and the lab |\n|---|---|---|\n"
        "| supported: a put | stored | moto: lost; the lab as AWS |\n"
        "| differs: a mail | sent | never sent |\n"
    )
    assert [tuple(row) for row in rows(table)] == [
        ("a put", "stored", "lost", "as AWS"),
        ("differs: a mail", "sent", "", "never sent"),
    ]


def test_a_table_that_compares_nothing_has_no_rows() -> None:
    assert list(rows("| operator | meaning |\n|---|---|\n| prefix | begins with |\n")) == []
