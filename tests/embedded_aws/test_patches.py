"""Every declared patch is needed: a check for each, according to its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from inspect import getattr_static
from typing import Any
from unittest import mock

import boto3
import botocore.session
import pytest
from moto.core.models import MockAWS

from inventory_lab import Lab, connect
from inventory_lab.embedded_aws import client_cache, performance
from inventory_lab.embedded_aws.account import EmbeddedAws
from inventory_lab.embedded_aws.awslambda import bytecode
from inventory_lab.embedded_aws.patching import Patch, applied
from inventory_lab.embedded_aws.performance.patches import answers
from tests.embedded_aws.patch_checks import (  # noqa: F401 the modules register their checks
    CHECKS,
    Aws,
    awslambda,
    codebuild,
    dynamodb,
    iam,
    kinesis,
    messaging,
    pipes,
    s3,
)
from tests.embedded_aws.patch_checks.speed import KEYS, WORKLOADS, Workload

PATCHES = {patch.target: patch for patch in EmbeddedAws("us-east-1").patches()}


def targets(*kinds: str) -> list[str]:
    return [target for target, patch in PATCHES.items() if patch.kind in kinds]


def name_of(target: str) -> str:
    """A name for the resources of a check."""
    return f"check-{list(CHECKS).index(target)}"


def here(lab: Lab, target: str) -> Aws:
    return Aws(cache(lab.session("root").client), name_of(target), lab)


@contextmanager
def bare_moto() -> Iterator[None]:
    moto = MockAWS({"iam": {"load_aws_managed_policies": False}})
    moto.start()
    try:
        yield
    finally:
        moto.stop()


def test_every_patch_has_a_check_of_its_kind() -> None:
    left_out = {patch.target for patch in client_cache.all_patches()} - PATCHES.keys()
    assert set(targets("gap", "hook")) == CHECKS.keys()
    assert set(targets("speed")) == WORKLOADS.keys() - left_out


@pytest.fixture(scope="class")
def lab() -> Iterator[Lab]:
    with connect() as lab:
        yield lab


class TestHere:
    """What every check expects is observed on the embedded AWS; one lab for all, closed afterwards."""

    @pytest.mark.parametrize("target", targets("gap", "hook"))
    def test_the_check_passes_with_the_patch(self, target: str, lab: Lab) -> None:
        check = CHECKS[target]
        assert check.observe(here(lab, target)) == check.expected


@pytest.mark.xfail(
    raises=AssertionError,
    strict=True,
    reason="a gap of bare moto: when this passes, the patch can go",
)
@pytest.mark.parametrize("target", targets("gap"))
def test_bare_moto_has_the_gap(target: str) -> None:
    check = CHECKS[target]
    models_read_once = mock.patch.object(botocore.session, "create_loader", answers.service_models)
    with bare_moto(), models_read_once:
        observed = check.observe(Aws(cache(boto3.Session(**KEYS).client), name_of(target)))
    assert observed == check.expected


@pytest.mark.exhaustive(10)
@pytest.mark.parametrize("target", targets("hook"))
def test_without_the_hook_the_check_fails(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("service_patches", "gate_patches"):
        monkeypatch.setattr(EmbeddedAws, name, without(target, getattr(EmbeddedAws, name)))
    assert not passes(target)


def without(
    target: str, patches: Callable[[EmbeddedAws], list[Patch]]
) -> Callable[[EmbeddedAws], list[Patch]]:
    return lambda account: [patch for patch in patches(account) if patch.target != target]


def passes(target: str) -> bool:
    check = CHECKS[target]
    try:
        with connect() as lab:
            return bool(check.observe(here(lab, target)) == check.expected)
    except Exception:  # noqa: BLE001 without a hook anything may happen
        return False


@pytest.mark.parametrize(
    "workload", dict.fromkeys(WORKLOADS.values()), ids=lambda one: one.__name__
)
def test_answers_are_equal_with_and_without_the_patches_for_speed(workload: Workload) -> None:
    with bare_moto():
        expected = workload()
    with bare_moto(), faster():
        assert workload() == expected


@pytest.mark.parametrize("target", targets("speed"))
def test_the_workload_goes_through_the_patch(target: str) -> None:
    calls: list[str] = []
    patch = PATCHES[target]
    with bare_moto(), faster():
        counted = recorded(getattr(patch.owner, patch.name), calls)
        if isinstance(getattr_static(patch.owner, patch.name), staticmethod):
            counted = staticmethod(counted)
        with mock.patch.object(patch.owner, patch.name, counted):
            WORKLOADS[target]()
    assert calls


def faster() -> AbstractContextManager[None]:
    return applied([*performance.patches(), *client_cache.patches(), *bytecode.patches()])


def recorded(attribute: Any, calls: list[str]) -> Any:
    """The attribute, which notes that it is used."""
    if isinstance(attribute, property):
        read = attribute.fget
        assert read is not None
        return property(lambda self: calls.append("read") or read(self))  # type: ignore[func-returns-value]
    return _recorded_call(attribute, calls)


def _recorded_call(function: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    def recorded(*arguments: Any, **named: Any) -> Any:
        calls.append("called")
        return function(*arguments, **named)

    return recorded
