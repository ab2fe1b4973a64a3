"""The tests of the handler; `python -m pytest` runs them."""

from __future__ import annotations

from lambda_function import summary


def test_a_batch_is_summed_up() -> None:
    assert summary(["Phone", "Oven", "Phone"]) == "3 records of 2 products"


def test_an_empty_batch_is_summed_up() -> None:
    assert summary([]) == "0 records of 0 products"
