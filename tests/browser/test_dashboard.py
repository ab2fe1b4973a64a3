"""The dashboard in JupyterLab: what a person clicks, and what then stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.open_notebook import SECONDS, OpenNotebook

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.conftest import JupyterLab

GENERATOR_SECONDS = 10


def test_a_click_on_send_changes_the_table_and_a_rejected_event_shows_its_reason(
    page: Page, jupyterlab: JupyterLab
) -> None:
    notebook = OpenNotebook(page, jupyterlab, "send.ipynb", "lab.inventory()")
    notebook.send("Product added", "Camera", 18)
    notebook.expect_text("✓ Camera new: 18: applied")
    notebook.send("Quantity changed", "Camera", -50)
    notebook.expect_text("✗ Camera −50: rejected (InsufficientStock: 18 in stock")
    notebook.run_cell(1)
    notebook.output_of(1).get_by_text("Camera").wait_for()
    assert "18" in notebook.output_of(1).inner_text()
    assert notebook.problems == []


def test_the_numbers_after_ten_seconds_of_traffic_are_those_of_reconcile_and_stop_stops(
    page: Page, jupyterlab: JupyterLab
) -> None:
    notebook = OpenNotebook(page, jupyterlab, "traffic.ipynb", "lab.reconcile()")
    notebook.field("Events/s").fill("20")
    notebook.field("Events/s").press("Tab")
    notebook.button("Start generator").click()
    page.wait_for_timeout(GENERATOR_SECONDS * SECONDS)
    notebook.button("Stop generator").click()
    notebook.button("Start generator").wait_for()
    page.wait_for_timeout(3 * SECONDS)
    stored, time = notebook.number("in the stream"), notebook.lab_time()
    page.wait_for_timeout(3 * SECONDS)
    assert notebook.number("in the stream") == stored, "stop stops the traffic"
    assert notebook.lab_time() > time, "and lab time goes on"
    notebook.button("Reconcile").click()
    notebook.expect_text("✓ exact: the table is what the stream says")
    assert int(stored) >= 20
    assert notebook.reconciled("published") == stored
    assert notebook.reconciled("= applied") == notebook.number("applied")
    assert notebook.reconciled("+ rejected") == notebook.number("rejected")
    notebook.button("Pause").click()
    notebook.button("Run").wait_for()
    time = notebook.lab_time()
    page.wait_for_timeout(2 * SECONDS)
    assert notebook.lab_time() == time, "pause stops lab time"
    notebook.run_cell(1)
    notebook.output_of(1).get_by_text("✓ exact").wait_for()
    assert notebook.problems == []


def test_a_click_while_a_cell_runs_is_answered_after_it(page: Page, jupyterlab: JupyterLab) -> None:
    """JupyterLab brings clicks in another thread while the cell runs; the lab must not notice."""
    busy = "for event in range(40):\n    _ = lab.settle(lab.publish(ProductAdded(f'p{event}', 20)))"
    cell = f"from inventory_lab import ProductAdded\n{busy}\nprint('done', lab.reconcile().exact)"
    notebook = OpenNotebook(page, jupyterlab, "busy.ipynb", cell)
    notebook.run_cell(1)
    notebook.send("Product added", "Camera", 18)
    notebook.output_of(1).get_by_text("done True").wait_for()
    notebook.expect_text("✓ Camera new: 18: applied")
    assert notebook.problems == []


def test_the_whole_dashboard_can_be_used_with_the_keyboard(
    page: Page, jupyterlab: JupyterLab
) -> None:
    notebook = OpenNotebook(page, jupyterlab, "keyboard.ipynb")
    notebook.button("Quantity changed").focus()
    for keys in (["Tab", "Space", "Tab", "Tab"], "Camera", ["Tab"], "7", ["Tab", "Space"]):
        for key in keys:
            page.keyboard.press(key)
    notebook.expect_text("✓ Camera new: 7")
    reached = []
    for _ in range(10):
        reached.append(page.evaluate("document.activeElement.innerText"))
        page.keyboard.press("Tab")
    for name in ("Start generator", "Pause", "One second", "Faults", "Reconcile"):
        assert any(name in text for text in reached), (name, reached)


def test_the_dashboard_ends_when_the_lab_is_closed(page: Page, jupyterlab: JupyterLab) -> None:
    notebook = OpenNotebook(page, jupyterlab, "closed.ipynb", "lab.close()")
    notebook.button("Run").click()
    notebook.button("Pause").wait_for()
    notebook.run_cell(1)
    notebook.expect_text("the lab is closed")
    assert notebook.button("Send").is_disabled()
