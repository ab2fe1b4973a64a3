from __future__ import annotations

from inventory_lab import Lab, ProductAdded
from inventory_lab.observe.stream_tail import StreamTail


def added(*names: str) -> list[ProductAdded]:
    return [ProductAdded(name, 1) for name in names]


def test_only_what_is_new_is_read(built: Lab) -> None:
    tail = StreamTail()
    built.publish(added("Phone", "Oven", "Watch"))
    assert tail.read(built.account) == 3
    assert tail.read(built.account) == 0
    built.publish(added("Radio"))
    assert tail.read(built.account) == 1
    assert tail.count == 4


def test_each_shard_keeps_its_newest_records(built: Lab) -> None:
    tail = StreamTail(kept=2)
    built.publish(added(*(f"item-{n}" for n in range(20))))
    tail.read(built.account)
    stored = built.records()
    for shard_id, shard in tail.shards.items():
        keys = stored[stored["shard_id"] == shard_id]["partition_key"].tolist()
        assert [record.partition_key for record in shard.newest] == keys[-2:]
        assert shard.count == len(keys)


def test_shards_that_a_split_makes_are_read_too(built: Lab) -> None:
    tail = StreamTail()
    tail.read(built.account)
    with built.faults(reshard=1, at_most=1, seed=1):
        built.pump()
    built.publish(added(*(f"item-{n}" for n in range(20))))
    assert tail.read(built.account) == 20


def test_a_stream_that_was_created_again_is_read_from_its_beginning(built: Lab) -> None:
    tail = StreamTail()
    built.publish(added("Phone", "Oven"))
    tail.read(built.account)
    kinesis, name = built.session("root").client("kinesis"), built.settings.name("stream")
    kinesis.delete_stream(StreamName=name)
    assert tail.read(built.account) == 0
    assert tail.count == 0
    built.build()
    built.publish(added("Phone"))
    assert tail.read(built.account) == 1
