"""The picture of a build says which phases ran, which failed, and whether its code is deployed."""

from __future__ import annotations

from inventory_lab import draw_build
from inventory_lab.builds.report import BuildReport, PhaseReport
from tests.views import svg_rules

GREEN = tuple(
    PhaseReport(name, "SUCCEEDED")
    for name in (
        "DOWNLOAD_SOURCE",
        "INSTALL",
        "PRE_BUILD",
        "BUILD",
        "POST_BUILD",
        "UPLOAD_ARTIFACTS",
    )
)
RED = (*GREEN[:3], PhaseReport("BUILD", "FAILED", "Error while executing command: " + "x" * 200))


def test_a_build_that_was_deployed() -> None:
    picture = draw_build(BuildReport("b", "main", "SUCCEEDED", GREEN, {}, deployed="hash"))
    svg_rules.check(picture)
    assert svg_rules.words(picture).count("✓ ran") == 6
    assert "✓ deployed" in svg_rules.words(picture)
    assert picture.description == "SUCCEEDED. The function has its code."


def test_a_build_that_failed_shows_where_and_what_did_not_run() -> None:
    picture = draw_build(BuildReport("b", "main", "FAILED", RED, {}))
    svg_rules.check(picture)
    words = svg_rules.words(picture)
    assert (words.count("✓ ran"), words.count("✕ failed"), words.count("did not run")) == (3, 1, 2)
    assert "not deployed" in words
    assert picture.description.startswith("FAILED. BUILD failed.")


def test_a_build_of_another_branch_names_it() -> None:
    assert draw_build(BuildReport("b", "feature", "SUCCEEDED", GREEN, {})).title.endswith("feature")
