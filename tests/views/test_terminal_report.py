from __future__ import annotations

import io
from dataclasses import replace

from inventory_lab.views.terminal_report import Report, print_report

REPORT = Report(
    stock=[("Phone", 20), ("Oven", 5)],
    alerts=["Stock of Oven fell below 10: 5 pieces"],
    rejected={"InsufficientStock": 2},
    published=9,
    parts={"applied": 7, "rejected": 2},
    drift=0,
    exact=True,
    seconds=3,
)


def printed(report: Report) -> str:
    screen = io.StringIO()
    print_report(report, screen)
    return screen.getvalue()


def test_the_report_has_the_stock_the_sum_and_the_verdict() -> None:
    text = printed(REPORT)
    assert "2 active products" in text
    assert "published 9 = applied 7 + rejected 2" in text
    assert "✓ exact: no product differs" in text
    assert "9 events in 3.0 s: 3 events/s" in text
    assert text.count("━") == 24 + 6


def test_drift_is_said_in_words() -> None:
    assert "✕ not exact: 3 products differ" in printed(replace(REPORT, exact=False, drift=3))


def test_text_from_the_data_is_never_taken_for_markup() -> None:
    text = printed(replace(REPORT, alerts=["[bold]x[/]"], stock=[("[red]P", 1)]))
    assert "[bold]x[/]" in text
    assert "[red]P" in text


def test_many_products_are_shortened_and_none_is_not_an_error() -> None:
    many = printed(replace(REPORT, stock=[(f"p{n}", n) for n in range(25)]))
    assert "… and 15 more" in many
    assert "0 active products" in printed(replace(REPORT, stock=[], published=0, seconds=0))
