from __future__ import annotations

from inventory_lab import Lab, ProductAdded, QuantityChanged
from inventory_lab.observe.report_tail import OVERLAP_MILLISECONDS, ReportTail


def test_the_sums_are_those_of_the_whole_log(built: Lab) -> None:
    tail = ReportTail()
    tail.read(built.account)
    assert dict(tail.totals) == built.reports()
    for n in range(5):
        built.settle(built.publish([ProductAdded(f"item-{n}", 20), QuantityChanged("Ghost", 1)]))
        tail.read(built.account)
        tail.read(built.account)
    assert dict(tail.totals) == built.reports()
    assert (tail.totals["applied"], tail.totals["rejected"]) == (5, 5)


def test_it_remembers_no_more_than_the_last_minute(built: Lab) -> None:
    tail = ReportTail()
    for n in range(4):
        built.settle(built.publish(ProductAdded(f"item-{n}", 20)))
        built.clock.advance(OVERLAP_MILLISECONDS / 1000)
        tail.read(built.account)
    assert len(tail._seen) == 1
    assert tail.totals["applied"] == 4
