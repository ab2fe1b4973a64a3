"""Records that were not applied are sent again, unchanged or corrected, and each outcome is reported."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas
import pytest

from inventory_lab import Lab, ProductAdded, QuantityChanged, RawRecord, Settings, connect
from inventory_lab.domain.events import encode_event

BROKEN_HANDLER = "def handle(event, context):\n    raise RuntimeError('a bug of mine')\n"
AT = "2026-01-05T09:00:00Z"


@pytest.fixture
def shop() -> Iterator[Lab]:
    """20 phones; then a broken handler gave up a sale of 2, a return of 7 and a broken payload."""
    with connect(settings=Settings(retries=1)) as lab:
        lab.build()
        lab.settle(lab.publish(ProductAdded("Phone", 20, event_id="e-0")))
        lab.use_handler(BROKEN_HANDLER)
        sale, back = (QuantityChanged("Phone", d, event_id=e) for d, e in ((-2, "e-1"), (7, "e-2")))
        lab.settle(lab.publish([sale, back, RawRecord("Phone", b"{")]))
        lab.build()
        yield lab


def stock(lab: Lab) -> Any:
    return lab.inventory()["quantity"].to_dict()


def test_dead_letters_are_the_records_that_the_pointers_name(shop: Lab) -> None:
    failed_records = shop.dead_letters()
    assert (
        failed_records[["reason", "partition_key", "state"]].values.tolist()
        == [["RetryAttemptsExhausted", "Phone", "not redriven"]] * 3
    )
    assert failed_records["payload"].iloc[-1] == b"{"
    assert len(failed_records["record_id"][0].partition(":")[2]) == 56
    assert failed_records.equals(shop.dead_letters())
    assert shop.reconcile().dead_letters == 3


def test_a_redrive_sends_them_again_and_reports_the_outcome_of_each(shop: Lab) -> None:
    done = shop.redrive()
    assert done[["event_id", "done", "outcome", "reason"]].values.tolist() == [
        ["e-1", "unchanged", "applied", ""],
        ["e-2", "unchanged", "applied", ""],
        ["", "unchanged", "rejected", "MalformedEvent"],
    ]
    assert stock(shop) == {"Phone": 25}
    assert not len(shop.dead_letters())
    result = shop.reconcile()
    assert (result.published, result.applied, result.rejected, result.dead_letters) == (7, 3, 1, 3)
    assert result.exact


def test_a_second_redrive_has_nothing_to_do(shop: Lab) -> None:
    failed_records = shop.dead_letters()
    shop.redrive(failed_records)
    assert not len(shop.redrive())
    again = shop.redrive(failed_records, correct=lambda _: QuantityChanged("Phone", 100))
    assert again["done"].tolist() == ["redriven"] * 3  # though the frame is one of before
    assert stock(shop) == {"Phone": 25}


def test_some_rows_may_be_chosen(shop: Lab) -> None:
    failed_records = shop.dead_letters()
    done = shop.redrive(failed_records[failed_records["event_id"] == "e-2"])
    assert done["event_id"].tolist() == ["e-2"]
    assert stock(shop) == {"Phone": 27}
    assert shop.reconcile().exact
    shop.redrive()
    assert stock(shop) == {"Phone": 25}
    assert shop.reconcile().exact


def test_what_a_message_names_beside_the_chosen_rows_stays_a_dead_letter(shop: Lab) -> None:
    give_up_old_records_together(shop)
    shop.publish(sales := [QuantityChanged("Phone", -1, event_id=f"s-{n}") for n in range(3)])
    shop.clock.advance(120)
    shop.settle(shop.publish(ProductAdded("Watch", 1)))
    failed_records = shop.dead_letters()
    ours = failed_records[failed_records["event_id"].str.startswith("s-")]
    assert len(ours) == len(sales)
    shop.redrive(ours.head(1))
    assert stock(shop)["Phone"] == 19
    assert shop.reconcile().exact
    states = shop.dead_letters().set_index("event_id")["state"]
    assert states[["s-0", "s-1", "s-2"]].tolist() == ["redriven", "not redriven", "not redriven"]
    shop.redrive(shop.dead_letters().query("event_id in ['s-1', 's-2']"))
    assert stock(shop)["Phone"] == 17
    assert "s-0" not in shop.dead_letters()["event_id"].tolist()
    assert shop.reconcile().exact


def give_up_old_records_together(lab: Lab) -> None:
    """Let the pipe give up whatever is a minute old: one message then points at many records."""
    pipes = lab.session("root").client("pipes")
    pipe = pipes.describe_pipe(Name="inventory-pipe")
    source = pipe["SourceParameters"]
    source["KinesisStreamParameters"]["MaximumRecordAgeInSeconds"] = 60
    del source["KinesisStreamParameters"]["StartingPosition"]
    pipes.update_pipe(Name=pipe["Name"], RoleArn=pipe["RoleArn"], SourceParameters=source)


def test_a_row_passed_twice_is_sent_once(shop: Lab) -> None:
    failed_records = shop.dead_letters()
    done = shop.redrive(failed_records.loc[[0, 0]], correct=lambda _: QuantityChanged("Phone", -2))
    assert done["done"].tolist() == ["corrected"]
    assert stock(shop) == {"Phone": 18}


@pytest.mark.exhaustive(4)
@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.reset_index(drop=True),
        lambda f: f.sort_values("event_id", ignore_index=True),
        lambda f: f.set_index("event_id"),
        lambda f: f.set_index("record_id"),
        lambda f: f.assign(sequence="?", partition_key="?").rename(columns={"state": "status"}),
        lambda f: f[["record_id"]].merge(f, on="record_id"),
        lambda f: pandas.concat([f, f], ignore_index=True),
        lambda f: pandas.read_csv(io.StringIO(f.to_csv())),
        lambda f: f["record_id"],
        lambda f: f["record_id"].tolist(),
    ],
)
def test_rows_keep_their_records_through_what_pandas_does_to_them(shop: Lab, change: Any) -> None:
    failed_records = shop.dead_letters()
    sent = failed_records[failed_records["event_id"] == "e-2"]
    assert shop.redrive(change(sent))["event_id"].tolist() == ["e-2"]
    assert stock(shop) == {"Phone": 27}
    assert shop.reconcile().exact


def test_dead_letters_and_rejections_can_be_redriven_together(shop: Lab) -> None:
    shop.settle(shop.publish(QuantityChanged("Phone", -21, event_id="big")))
    shop.settle(shop.publish(QuantityChanged("Phone", 5)))
    both = pandas.concat([shop.dead_letters(), shop.rejected()], ignore_index=True)
    done = shop.redrive(both)
    assert done["event_id"].tolist() == ["e-1", "e-2", "", "big"]
    assert set(done["record_id"]) == set(both["record_id"])
    assert shop.reconcile().exact


def test_a_record_that_did_not_fail_is_not_sent(shop: Lab) -> None:
    applied = shop.history("Phone").query("outcome == 'applied'")
    assert shop.redrive(applied)["done"].tolist() == ["not a failed record"]
    never = shop.redrive(["shardId-000000000007:1"])
    assert never["done"].tolist() == ["not a failed record"]
    assert shop.reconcile().published == 4


def test_what_was_redriven_as_a_rejection_is_no_longer_a_dead_letter(shop: Lab) -> None:
    with shop.faults(crash_before_commit=1):  # the function reported it and died; the pipe gave up
        shop.settle(shop.publish(QuantityChanged("Phone", -50, event_id="big")))
    shop.settle(shop.publish(QuantityChanged("Phone", 90)))
    shop.redrive(shop.rejected())
    assert stock(shop) == {"Phone": 60}
    assert "big" not in shop.dead_letters()["event_id"].tolist()
    assert shop.reconcile().exact
    shop.redrive()
    assert shop.reconcile().exact


def test_a_correction_may_replace_an_event_leave_it_or_leave_it_out(shop: Lab) -> None:
    def correct(failed: Any) -> Any:
        if failed.event is None:
            return None
        if failed.event.event_id == "e-1":
            return replace(failed.event, delta=-3)
        return failed.event

    done = shop.redrive(correct=correct)
    assert done["done"].tolist() == ["corrected", "unchanged", "left out"]
    assert stock(shop) == {"Phone": 24}
    assert shop.dead_letters()["payload"].tolist()[-1] == b"{"
    assert shop.reconcile().exact


def test_a_correction_that_gives_no_event_sends_nothing(shop: Lab) -> None:
    with pytest.raises(TypeError, match=r"correct\(\) must return an event, .* not 5"):
        shop.redrive(correct=lambda failed: 5)  # type: ignore[arg-type, return-value]
    assert len(shop.dead_letters()) == 3
    assert shop.reconcile().published == 4


def test_rejected_records_can_be_corrected_and_sent_again(shop: Lab) -> None:
    shop.settle(
        shop.publish([QuantityChanged("Phone", -21, event_id="big"), RawRecord("Phone", b"x")])
    )

    def correct(failed: Any) -> Any:
        if failed.reason == "InsufficientStock":
            return replace(failed.event, delta=-20)
        return QuantityChanged("Phone", 1, event_id="was-x")

    records = shop.rejected()["record_id"].tolist()
    done = shop.redrive(shop.rejected(), correct=correct)
    assert done[["event_id", "done", "outcome"]].values.tolist() == [
        ["big", "corrected", "applied"],
        [f"redrive-{records[1]}", "corrected", "applied"],
    ]
    assert stock(shop) == {"Phone": 1}
    again = shop.redrive(shop.rejected(), correct=correct)
    assert again["done"].tolist() == ["redriven", "redriven"]
    assert stock(shop) == {"Phone": 1}
    assert len(shop.rejected()) == 2
    assert shop.reconcile().exact


def test_a_rejected_payload_too_large_for_the_queue_is_read_from_the_stream(shop: Lab) -> None:
    event = encode_event(QuantityChanged("Phone", -21, event_id="big", occurred_at=AT))
    large = event[:-1] + b', "note": "' + b"x" * 300_000 + b'"}'
    shop.settle(shop.publish(RawRecord("Phone", large)))
    shop.settle(shop.publish(QuantityChanged("Phone", 5)))
    done = shop.redrive(shop.rejected())
    assert done[["event_id", "done", "outcome"]].values.tolist() == [
        ["big", "unchanged", "applied"]
    ]


def test_failed_records_that_the_stream_no_longer_has_are_reported_and_kept(shop: Lab) -> None:
    shop.clock.advance(24 * 3600 + 60)
    failed_records = shop.dead_letters()
    assert failed_records["state"].tolist() == ["expired"] * 3
    assert failed_records["payload"].isna().all()
    done = shop.redrive()
    assert done["done"].tolist() == ["expired"] * 3
    assert len(shop.dead_letters()) == 3


def test_failed_records_whose_effect_is_there_are_not_sent(shop: Lab) -> None:
    with shop.faults(crash_after_commit=1):
        shop.settle(shop.publish(ProductAdded("Watch", 6, event_id="w")))
    done = shop.redrive()
    assert done[done["event_id"] == "w"]["done"].tolist() == ["processed"]
    assert not len(shop.dead_letters())
    assert stock(shop)["Watch"] == 6
    assert shop.reconcile().exact


def test_a_recreated_pipe_that_skips_a_dead_letter_does_not_process_it(shop: Lab) -> None:
    shop.settle(shop.publish(QuantityChanged("Phone", -1)))  # now the item is past the dead letters
    shop.session("root").client("pipes").delete_pipe(Name="inventory-pipe")
    shop.build()
    for _ in range(3):  # the whole stream comes once more, in one batch
        shop.pump()
    assert shop.reports()["redelivered"] == 5
    assert shop.reconcile().exact
    assert shop.dead_letters()["state"].tolist() == ["not redriven"] * 3
    shop.redrive()
    assert stock(shop) == {"Phone": 24}
    assert shop.reconcile().exact


def test_a_product_keeps_its_order(shop: Lab) -> None:
    shop.use_handler(BROKEN_HANDLER)
    events = [ProductAdded("Oven", 0), *(QuantityChanged("Oven", d) for d in (5, -5, 3, -3, 1))]
    shop.settle(shop.publish(events))
    shop.build()
    assert set(shop.redrive()["outcome"].tolist()[3:]) == {"applied"}
    assert stock(shop)["Oven"] == 1


@pytest.mark.parametrize(
    "rows", ["shardId-000000000000:1", [1, 2], 5, ["a"], pandas.DataFrame({"event_id": ["e-1"]})]
)
def test_rows_without_record_ids_are_refused(shop: Lab, rows: Any) -> None:
    with pytest.raises(TypeError, match=r"takes rows of lab.dead_letters\(\) or lab.rejected\(\)"):
        shop.redrive(rows)


def test_nothing_to_send_is_not_an_error(built: Lab) -> None:
    assert not len(built.redrive())
