"""Patches are compared with what is installed before anything is replaced."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from moto.kinesis.responses import KinesisResponse
from moto.sns.models import SNSBackend

from inventory_lab import connect
from inventory_lab.embedded_aws.patching import (
    TESTED_MOTO,
    TESTED_VERSIONS,
    Patch,
    applied,
    check_moto,
    current_signature,
)
from inventory_lab.exceptions import UnsupportedMoto


class Queue:
    limit = 10

    def count(self, name: str, at_most: int = 3) -> str:
        return f"{name}: {at_most}"

    @property
    def size(self) -> int:
        return 1

    @classmethod
    def make(cls, name: str) -> str:
        return name


def doubled(count: Callable[..., str]) -> Callable[..., str]:
    return lambda self, name, at_most=3: count(self, name, 2 * at_most)


def patch_of(name: str, signature: str = "", **more: Any) -> Patch:
    return Patch(owner=Queue, name=name, kind="gap", why="a test", signature=signature, **more)


COUNT = "(self, name, at_most=3)"


def test_a_patch_is_applied_and_taken_back() -> None:
    with applied([patch_of("count", COUNT, around=doubled)]):
        assert Queue().count("a") == "a: 6"
    assert Queue().count("a") == "a: 3"


def test_a_new_attribute_is_gone_afterwards() -> None:
    with applied([patch_of("colour", new=True, replacement="red")]):
        assert Queue().colour == "red"  # type: ignore[attr-defined]
    assert not hasattr(Queue, "colour")


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("count", COUNT),
        ("limit", "int"),
        ("size", "property(self)"),
        ("make", "classmethod(cls, name)"),
        ("gone", "missing"),
    ],
)
def test_a_signature_has_parameters_and_defaults_but_no_annotations(
    name: str, signature: str
) -> None:
    assert current_signature(Queue, name) == signature


@pytest.mark.parametrize(
    ("patch", "problem"),
    [
        (patch_of("gone", "(self)"), r"Queue\.gone is missing, and was \(self\)"),
        (patch_of("count", "(self, name)"), r"Queue\.count is \(self, name, at_most=3\), and was"),
        (patch_of("limit", "bool"), r"Queue\.limit is int, and was bool"),
        (patch_of("limit", new=True), r"Queue\.limit is int, and was missing"),
    ],
)
def test_a_patch_that_does_not_fit_is_named(patch: Patch, problem: str) -> None:
    with pytest.raises(UnsupportedMoto, match=problem), applied([patch]):
        pass


def test_all_patches_that_do_not_fit_are_named_and_none_is_applied() -> None:
    patches = [
        patch_of("count", COUNT, around=doubled),
        patch_of("gone", "(self)"),
        patch_of("limit", "bool"),
    ]
    with pytest.raises(UnsupportedMoto, match=r"Queue\.gone .*; Queue\.limit"), applied(patches):
        pass
    assert Queue().count("a") == "a: 3"


def test_two_patches_of_one_target_are_a_mistake() -> None:
    twice = [patch_of("limit", "int", replacement=1), patch_of("limit", "int", replacement=2)]
    with (
        pytest.raises(ValueError, match=r"two patches of one target: Queue\.limit"),
        applied(twice),
    ):
        pass


def test_connect_refuses_a_moto_whose_method_was_renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KinesisResponse, "list_all_shards", KinesisResponse.list_shards, False)
    monkeypatch.delattr(KinesisResponse, "list_shards")
    with pytest.raises(UnsupportedMoto, match=r"KinesisResponse\.list_shards is missing"):
        connect()


def test_connect_refuses_a_moto_whose_method_takes_something_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SNSBackend, "subscribe", lambda self, topic, endpoint: None)
    expected = r"SNSBackend\.subscribe is \(self, topic, endpoint\), and was \(self, topic_arn"
    with pytest.raises(UnsupportedMoto, match=expected):
        connect()


def test_the_tested_range_is_that_of_pyproject() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert f"moto[dynamodb]{TESTED_MOTO}" in project["dependencies"]


any_moto = pytest.mark.skipif(TESTED_VERSIONS[0] == (0,), reason="--any-moto checks no range")


@any_moto
@pytest.mark.parametrize("installed", ["5.2.4", "4.2.14", "5.3.0", "6.0.0"])
def test_a_moto_outside_the_tested_range_is_refused(installed: str) -> None:
    with pytest.raises(UnsupportedMoto, match=f"moto {installed} is installed"):
        check_moto(installed)


@pytest.mark.parametrize("installed", ["5.2.5", "5.2.17"])
def test_a_moto_inside_the_tested_range_is_taken(installed: str) -> None:
    check_moto(installed)
