"""Watermarks as bytes: a write costs by the size of the item, and a sequence number has 56 digits."""

from __future__ import annotations

from collections.abc import Mapping

PREFIX = "shardId-"
_DIGITS = 12


def pack(watermarks: Mapping[str, int]) -> bytes:
    """The watermarks as bytes, about 30 for each shard.

    >>> unpack(pack({"shardId-000000000007": 49000}))
    {'shardId-000000000007': 49000}
    """
    body = bytearray()
    for shard_id, number in watermarks.items():
        for part in (_short(shard_id), number.to_bytes((number.bit_length() + 7) // 8, "big")):
            body.append(len(part))
            body += part
    return bytes(body)


def unpack(data: bytes) -> dict[str, int]:
    """The watermarks that pack() has stored. Raises ValueError when the bytes are damaged.

    >>> unpack(b"")
    {}
    """
    parts, at = [], 0
    while at < len(data):
        end = at + 1 + data[at]
        parts.append(data[at + 1 : end])
        at = end
    if at != len(data) or len(parts) % 2:
        raise ValueError("the watermarks are damaged")
    shards = (_long(part) for part in parts[::2])
    numbers = (int.from_bytes(part, "big") for part in parts[1::2])
    return dict(zip(shards, numbers, strict=True))


def _short(shard_id: str) -> bytes:
    """The number of a shard as Kinesis names it; any other id as it is, after a null byte."""
    digits = shard_id.removeprefix(PREFIX)
    if shard_id == f"{PREFIX}{digits:0>{_DIGITS}}" and digits.isascii() and digits.isdigit():
        number = int(digits)
        return number.to_bytes((number.bit_length() + 7) // 8, "big")
    return b"\0" + shard_id.encode()


def _long(part: bytes) -> str:
    if part[:1] == b"\0":
        return part[1:].decode()
    return f"{PREFIX}{int.from_bytes(part, 'big'):0{_DIGITS}d}"
