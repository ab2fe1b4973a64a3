"""The end of the demo as a terminal shows it: tables and colours, which a pipe never gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

BAR_WIDTH = 24
ROWS = 10


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to: `stock` as product and pieces, `rejected` as counts by reason, `parts` of the
    published events by what became of them, in the order of the sum.
    """

    stock: Sequence[tuple[str, int]]
    alerts: Sequence[str]
    rejected: Mapping[str, int]
    published: int
    parts: Mapping[str, int]
    drift: int
    exact: bool
    seconds: float


def print_report(report: Report, stream: TextIO) -> None:
    """Print the report to a terminal."""
    from rich.console import Console

    console = Console(file=stream, highlight=False)
    console.print()
    console.print(_stock(report))
    if report.alerts:
        console.print(f"\n[bold]{len(report.alerts)} alerts[/], the last of them")
        for alert in report.alerts[-3:]:
            console.print(f"  {alert}", markup=False)
    if report.rejected:
        console.print(f"\n[bold]{sum(report.rejected.values())} rejected records[/]")
        for reason, count in report.rejected.items():
            console.print(f"  {count:>6,}  {reason}", markup=False)
    _print_sum(report, console)


def _stock(report: Report) -> Table:
    from rich.table import Table
    from rich.text import Text

    most = max((pieces for _, pieces in report.stock), default=0) or 1
    table = Table(title=f"{len(report.stock)} active products", title_justify="left", box=None)
    table.add_column("product")
    table.add_column("pieces", justify="right")
    table.add_column("")
    for product, pieces in report.stock[:ROWS]:
        table.add_row(
            Text(product), f"{pieces:,}", f"[cyan]{'━' * round(BAR_WIDTH * pieces / most)}[/]"
        )
    if len(report.stock) > ROWS:
        table.add_row(f"… and {len(report.stock) - ROWS} more", "", "")
    return table


def _print_sum(report: Report, console: Console) -> None:
    parts = " + ".join(f"{name} {count:,}" for name, count in report.parts.items())
    console.print("\n[bold]reconcile[/]: fold the stream again and compare it with the table")
    console.print(f"  published {report.published:,} = {parts}", soft_wrap=True)
    if report.exact:
        console.print("  [bold green]✓ exact[/]: no product differs")
    else:
        console.print(f"  [bold red]✕ not exact[/]: {report.drift} products differ")
    rate = report.published / report.seconds if report.seconds else 0
    console.print(
        f"\n{report.published:,} events in {report.seconds:.1f} s: [bold]{rate:,.0f} events/s[/]"
    )
