"""A notebook in JupyterLab as a person sees it: the dashboard's controls, found by their labels."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import JupyterLab

OPEN = "from inventory_lab import connect\nlab = connect()\n_ = lab.build()\nlab.dashboard()"
SECONDS = 1_000


class OpenNotebook:
    """A notebook whose first cell shows the dashboard of a new lab."""

    def __init__(self, page: Page, jupyterlab: JupyterLab, name: str, *more: str) -> None:
        (jupyterlab.folder / name).write_text(json.dumps(_notebook(OPEN, *more)))
        self.page = page
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(jupyterlab.url_of(name))
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        self.run_cell(0)
        self.button("Send").wait_for()

    def run_cell(self, number: int) -> None:
        self.page.locator(".jp-Notebook .jp-CodeCell .cm-content").nth(number).click()
        self.page.keyboard.press("Shift+Enter")

    def output_of(self, number: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(number).locator(".jp-OutputArea")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)

    def send(self, kind: str, product: str, quantity: int) -> None:
        self.button(kind).click()
        for label, value in (("Product", product), ("Quantity", str(quantity))):
            self.field(label).fill("")
            self.field(label).press_sequentially(value)
            self.field(label).press("Tab")
        self.button("Send").click()

    def expect_text(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for()

    def number(self, name: str) -> str:
        """A number of the dashboard by its name."""
        row = self.page.locator("tr", has=self.page.get_by_text(name, exact=True)).first
        return row.locator("td").inner_text()

    def reconciled(self, name: str) -> str:
        """What the reconciliation says under a heading."""
        table = self.page.locator("table", has=self.page.get_by_text("= applied", exact=True)).first
        headings = table.locator("th").all_inner_texts()
        return table.locator("td").nth(headings.index(name)).inner_text()

    def lab_time(self) -> str:
        text = self.page.get_by_text(re.compile(r"lab time \d\d:\d\d:\d\d")).first.inner_text()
        return text.partition("lab time ")[2][:8]


def _notebook(*sources: str) -> dict[str, object]:
    cells = [
        {
            "cell_type": "code", "id": f"cell-{number}", "source": source, "metadata": {},
            "outputs": [], "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]  # fmt: skip
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
