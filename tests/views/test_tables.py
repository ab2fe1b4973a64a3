from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

from inventory_lab import (
    Lab,
    ProductAdded,
    QuantityChanged,
    RawRecord,
    failed_records_table,
    inventory_table,
    policy_table,
    records_table,
)
from inventory_lab.iam import AccessRequest, decide

POLICIES = Path(__file__).parents[2] / "iam_policies"


def text_of(html: str) -> str:
    """What is left when a host strips every tag and style."""
    return unescape(re.sub(r"<[^>]+>", " ", html))


def test_stock_beyond_a_threshold_is_marked_by_a_word_and_not_only_by_colour(built: Lab) -> None:
    built.settle(
        built.publish(
            [ProductAdded("Phone", 5), ProductAdded("Oven", 1001), ProductAdded("Watch", 50)]
        )
    )
    html = inventory_table(built).html
    assert "▼ low: below 10" in text_of(html)
    assert "▲ high: above 1000" in text_of(html)
    assert text_of(html).count("low:") == text_of(html).count("high:") == 1
    assert "width:100.0%" in html


def test_the_inventory_table_takes_rows_and_thresholds_of_your_own(built: Lab) -> None:
    built.settle(built.publish([ProductAdded("Phone", 5), ProductAdded("Oven", 8)]))
    rows = built.inventory()
    assert "Oven" not in inventory_table(rows[rows["quantity"] < 6]).html
    assert repr(inventory_table(rows, high=6, low=2)) == "Oven: 8  ▲ high: above 6\nPhone: 5"
    assert list(rows.columns) == ["quantity", "updated_at", "version"]


def test_an_empty_lab_has_tables_that_say_so(built: Lab) -> None:
    assert repr(inventory_table(built)) == "no active products"
    assert repr(records_table(built)) == "the stream holds no records"
    assert repr(failed_records_table(built)) == "no failed records"


def test_records_are_side_by_side_by_shard(built: Lab) -> None:
    built.publish(
        [ProductAdded("Phone", 20), ProductAdded("Oven", 3), QuantityChanged("Phone", -5)]
    )
    view = records_table(built)
    assert repr(view) == "shard 0000: Oven new: 3\nshard 0001: Phone new: 20, Phone −5"
    assert view.html.count("<tr>") == 3
    assert len(built.records()) == 3


def test_failed_records_have_a_readable_payload(built: Lab) -> None:
    built.settle(built.publish([QuantityChanged("Oven", -1), RawRecord("Oven", b"\xff<b>")]))
    html = failed_records_table(built).html
    assert '"event_type": "quantity_changed"' in text_of(html)
    assert "\\xff<b>" in text_of(html)
    assert "<b>" not in html
    assert "UnknownProduct" in repr(failed_records_table(built.rejected()))
    assert repr(failed_records_table(built.dead_letters())) == "no failed records"


def test_a_long_table_says_how_many_rows_it_leaves_out(built: Lab) -> None:
    built.settle(built.publish([ProductAdded(f"product-{n:02}", n) for n in range(60)]))
    assert "and 10 more rows" in text_of(inventory_table(built).html)


def test_the_statement_that_decided_is_marked(built: Lab) -> None:
    stream = built.account.stream_arn()
    text = (POLICIES / "producer" / "put-to-one-stream.json").read_text()
    for name, value in {"partition": "aws", "region": "us-east-1", "account": built.account.account_id,
                        "stream": "e-commerce-streaming"}.items():  # fmt: skip
        text = text.replace(f"<{name}>", value)
    allowed = policy_table(text, built.explain_access("producer", "kinesis:PutRecord", stream))
    assert repr(allowed) == (
        "▶  PutToOneStream: Allow  kinesis:PutRecord, kinesis:PutRecords  this statement allows the request"
    )
    near = policy_table(text, built.explain_access("producer", "kinesis:GetRecords", stream))
    assert "nearest, but Action: " in repr(near)
    assert "≠ kinesis:GetRecords" in text_of(near.html)


def test_only_the_deciding_statement_of_a_policy_is_marked() -> None:
    statements = [
        {"Sid": "All", "Effect": "Allow", "Action": "sns:*", "Resource": "*"},
        {"Sid": "No", "Effect": "Deny", "Action": "sns:Publish", "Resource": "*"},
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    request = AccessRequest("arn:aws:iam::1:user/a", "sns:Publish", "arn:aws:sns:eu-west-1:1:t")
    view = policy_table(policy, decide([policy], request))
    assert [line[0] for line in repr(view).splitlines()] == [" ", "▶"]
    assert "this statement denies the request" in text_of(view.html)
    assert "▶" not in repr(policy_table(json.dumps(policy)))
