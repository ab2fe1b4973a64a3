"""The table is written anew from the stream, and no update is lost meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from inventory_lab import (
    Lab,
    ProductAdded,
    ProductRemoved,
    QuantityChanged,
    Settings,
    connect,
    simulate,
)
from inventory_lab.domain.memory import Memory, encode
from inventory_lab.exceptions import RebuildFailed, StreamCut, WrongSetting
from inventory_lab.function.store import Store
from inventory_lab.observe import table
from inventory_lab.observe.reconcile import UNREPORTED
from inventory_lab.operate import rebuild
from tests.operate.table_damage import damage

DAY = 24 * 3600


def stock(lab: Lab) -> Any:
    return lab.inventory()["quantity"].to_dict()


@pytest.fixture
def shop(built: Lab) -> Lab:
    built.settle(
        built.publish(
            [
                ProductAdded("Phone", 20),
                ProductAdded("Oven", 3),
                QuantityChanged("Phone", -5),
                QuantityChanged("Phone", -500),
                ProductRemoved("Oven"),
            ]
        )
    )
    return built


def test_a_table_that_is_right_is_not_written(shop: Lab) -> None:
    before = table.read(shop.account)
    assert not len(shop.rebuild())
    assert table.read(shop.account) == before


@pytest.mark.exhaustive(6)
@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"quantity": {"N": "99"}},
        {"quantity": {"N": "2.5"}},
        {"quantity": {"S": "fifteen"}},
        {"status": {"S": "removed"}},
        {"status": {"S": "lost"}},
        {"watermarks": {"S": "none"}, "quantity": {"N": "1"}},
        {"memory": {"B": b""}},
        {"memory": {"B": encode(Memory())}},
        {"watermarks": {"B": b"\x05"}},
        {"version": {"S": "7"}},
        {"high_stock": {"S": "many"}},
        {"applied_count": {"N": "0"}},
    ],
)
def test_a_lost_or_broken_item_is_written_again(shop: Lab, attributes: dict[str, Any]) -> None:
    damage(shop, "Phone", **attributes)
    written = shop.rebuild()
    assert written.index.tolist() == ["Phone"]
    assert written.loc["Phone", ["status", "quantity", "applied_count"]].tolist() == [
        "active",
        15,
        2,
    ]
    assert stock(shop) == {"Phone": 15}
    assert shop.reconcile().exact
    shop.settle(shop.publish([QuantityChanged("Phone", -5), ProductAdded("Oven", 1)]))
    assert stock(shop) == {"Phone": 10, "Oven": 1}
    assert shop.reconcile().exact


def test_a_lost_table_is_written_again_with_its_tombstones(shop: Lab) -> None:
    shop.session("root").client("dynamodb").delete_table(TableName="inventory")
    shop.build()
    shop.rebuild()
    assert shop.reconcile().exact
    late = shop.session("admin").client("dynamodb").get_item(
        TableName="inventory", Key={"product_id": {"S": "Oven"}}
    )["Item"]  # fmt: skip
    assert late["status"] == {"S": "removed"}
    assert int(late["expires_at"]["N"]) > shop.clock.timestamp() + 365 * DAY


def test_what_the_function_processed_on_a_lost_table_is_set_right(shop: Lab) -> None:
    damage(shop, "Phone")
    shop.settle(shop.publish(QuantityChanged("Phone", -1)))  # rejected: there is no such product
    assert stock(shop) == {}
    shop.rebuild()
    assert stock(shop) == {"Phone": 14}
    assert not len(shop.reconcile().drift)


def test_rejections_that_were_never_sent_to_the_queue_are_sent(shop: Lab) -> None:
    sqs = shop.session("root").client("sqs")
    sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName="inventory-rejected")["QueueUrl"])
    assert len(shop.reconcile().missing_rejections) == 1
    shop.rebuild()
    assert shop.rejected()["reason"].tolist() == ["InsufficientStock"]
    assert shop.reconcile().exact


def test_an_item_of_which_the_stream_knows_nothing_counts_no_more(shop: Lab) -> None:
    damage(shop, "Ghost", quantity={"N": "5"})
    assert stock(shop)["Ghost"] == 5
    shop.rebuild()
    assert "Ghost" not in stock(shop)
    assert shop.reconcile().exact


def test_what_is_still_on_its_way_stays_pending(shop: Lab) -> None:
    shop.publish(QuantityChanged("Phone", -1))
    damage(shop, "Phone")
    shop.rebuild()
    assert stock(shop) == {"Phone": 15}
    assert shop.reconcile().pending == 1
    shop.pump()
    assert stock(shop) == {"Phone": 14}
    assert shop.reconcile().exact


def test_dead_letters_are_left_out(shop: Lab) -> None:
    shop.use_handler("def handle(event, context):\n    1 / 0\n")
    shop.settle(shop.publish(QuantityChanged("Phone", -1)))
    shop.build()
    damage(shop, "Phone")
    shop.rebuild()
    assert stock(shop) == {"Phone": 15}
    shop.redrive()
    assert stock(shop) == {"Phone": 14}
    assert shop.reconcile().exact


@pytest.fixture
def racing(shop: Lab, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Between a rebuild's reading and its writing the pipe carries a sale; how many sales to come."""
    sales = [2]
    commit = Store.commit

    def commit_after_a_sale(self: Store, *arguments: Any) -> Any:
        if sales[0]:
            sales[0] -= 1
            shop.publish(QuantityChanged("Phone", -1))
            with pytest.MonkeyPatch.context() as honest:
                honest.setattr(Store, "commit", commit)
                shop.pump()
        return commit(self, *arguments)

    monkeypatch.setattr(rebuild.Store, "commit", commit_after_a_sale)
    return sales


def test_no_update_is_lost_when_the_function_writes_first(shop: Lab, racing: list[int]) -> None:
    damage(shop, "Phone", quantity={"N": "99"})
    shop.rebuild()
    assert stock(shop) == {"Phone": 13}
    assert racing == [0]
    assert shop.reconcile().exact


def test_a_rebuild_that_always_comes_second_gives_up(shop: Lab, racing: list[int]) -> None:
    racing[0] = 1_000
    damage(shop, "Phone", quantity={"N": "99"})
    with pytest.raises(RebuildFailed, match="such as 'Phone'; call rebuild"):
        shop.rebuild()


def test_without_its_beginning_the_stream_cannot_rebuild_a_table(shop: Lab) -> None:
    snapshot = shop.snapshot()
    shop.clock.advance(DAY + 1)
    shop.settle(shop.publish(QuantityChanged("Phone", -1)))
    damage(shop, "Phone", quantity={"N": "99"})
    with pytest.raises(StreamCut, match=r"the stream keeps 24 hours.*rebuild\(since=snapshot\)"):
        shop.rebuild()
    assert stock(shop) == {"Phone": 99}
    shop.rebuild(since=snapshot)
    assert stock(shop) == {"Phone": 14}
    assert shop.reconcile(since=snapshot).exact


def test_what_the_stream_has_forgotten_stays_also_when_the_log_is_gone(shop: Lab) -> None:
    shop.clock.advance(DAY + 1)
    logs = shop.session("root").client("logs")
    logs.delete_log_group(logGroupName=shop.account.log_group())
    shop.settle(shop.publish(ProductAdded("Watch", 1)))
    assert "the stream keeps 24 hours" in shop.reconcile().cut
    with pytest.raises(StreamCut):
        shop.rebuild()
    assert stock(shop) == {"Phone": 15, "Watch": 1}


def test_a_stream_created_again_rebuilds_no_older_table_when_the_log_was_deleted(shop: Lab) -> None:
    shop.session("root").client("kinesis").delete_stream(StreamName="e-commerce-streaming")
    logs = shop.session("root").client("logs")
    logs.delete_log_group(logGroupName=shop.account.log_group())
    shop.build()
    with pytest.raises(StreamCut, match="made from records that the stream does not have"):
        shop.rebuild()
    assert stock(shop) == {"Phone": 15}


def test_a_lost_table_that_was_counted_twice_is_rebuilt_from_a_stream_that_lost_nothing(
    built: Lab,
) -> None:
    built.clock.advance(DAY + 1)
    built.settle(built.publish([ProductAdded("Phone", 20), QuantityChanged("Phone", -5)]))
    damage(built, "Phone")
    built.session("root").client("pipes").delete_pipe(Name="inventory-pipe")
    built.build()
    built.settle(built.publish(QuantityChanged("Phone", -1)))  # all of it comes once more
    damage(built, "Phone", quantity={"N": "99"})
    assert not built.reconcile().cut
    built.rebuild()
    assert stock(built) == {"Phone": 14}


def test_what_a_rebuild_applied_is_even_again_from_a_snapshot_on(shop: Lab) -> None:
    shop.use_handler("def handle(event, context):\n    return None\n")
    shop.settle(shop.publish(QuantityChanged("Phone", -1)))
    shop.build()
    shop.rebuild()
    assert stock(shop) == {"Phone": 14}
    [problem] = shop.reconcile().problems
    assert problem.startswith(f"{UNREPORTED} 1 record that")
    snapshot = shop.snapshot()
    shop.settle(shop.publish(QuantityChanged("Phone", -1)))
    assert shop.reconcile(since=snapshot).exact


def test_the_items_of_the_simple_design_cannot_be_rebuilt() -> None:
    with connect(settings=Settings(handler="per_record")) as lab:
        lab.build()
        with pytest.raises(WrongSetting, match="only its items can be rebuilt"):
            lab.rebuild()


def test_a_whole_table_of_many_products(built: Lab) -> None:
    built.settle(built.publish(simulate(events=2_000, products=80, seed=2)))
    expected = stock(built)
    built.session("root").client("dynamodb").delete_table(TableName="inventory")
    built.build()
    assert len(built.rebuild()) >= len(expected)
    assert stock(built) == expected
    assert built.reconcile().exact
