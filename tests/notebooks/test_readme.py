"""What notebooks/README.md tells an instructor: the plans add up, and the guide for a shared account works."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import boto3
import pytest

from inventory_lab import Lab, Settings, connect
from inventory_lab import lab as lab_module
from inventory_lab.backends.aws import RealAws
from inventory_lab.resources.account import Account
from inventory_lab.resources.teardown import tear_down
from inventory_lab.teaching.exercises import registry
from tools import course, index, plans
from tools.replay import StandIn, StandInClock

GUIDE = re.findall(r"```python\n(.*?)```", index.README.read_text(encoding="utf-8"), re.DOTALL)
LEARNERS = ("anna", "ben")


def test_the_plans_are_those_that_the_notebooks_give() -> None:
    text = index.README.read_text(encoding="utf-8")
    assert text == plans.with_plans(text)
    assert all(f"<!-- plan {name}: begin -->" in text for name in plans.PLANS)


@pytest.mark.parametrize(("name", "latest"), [("first day", 17 * 60 + 15), ("second day", 17 * 60)])
def test_a_day_ends_in_the_afternoon(name: str, latest: int) -> None:
    at, minutes, _ = list(plans.timed(*plans.PLANS[name]))[-1]
    assert at + minutes <= latest


def test_the_short_workshop_fits_into_90_minutes_and_has_the_pipe_and_the_alerts() -> None:
    start, steps = plans.PLANS["90 minutes"]
    assert sum(minutes for _, minutes, _ in plans.timed(start, steps)) <= 90
    assert {"06", "09"} <= {step.notebook for step in steps}


def test_the_two_days_have_every_lesson_once_in_order() -> None:
    steps = [*plans.PLANS["first day"][1], *plans.PLANS["second day"][1]]
    planned = [step.notebook for step in steps if step.notebook]
    assert planned == sorted(planned) == [f"{number:02}" for number in range(17)]
    assert [path.name[:2] for path in course.notebooks()] == planned


def test_a_step_has_the_minutes_of_its_notebook_without_those_of_the_exercises_left_out() -> None:
    pipe = index.entry(next(p for p in course.notebooks() if p.name.startswith("06_")))
    build = registry.find("06/create_pipe_role").minutes
    rows = plans.timed(0, (plans.pause(10), plans.lesson("06", "06/create_pipe_role")))
    assert [(at, minutes) for at, minutes, _ in rows] == [(0, 10), (10, pipe.minutes - build)]


def test_the_costs_of_a_room_are_those_that_are_printed() -> None:
    assert f"```text\n{plans.costs(30)}\n```" in index.README.read_text(encoding="utf-8")


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[boto3.Session]:
    """The owner of an embedded account to which connect("aws") leads, in a folder of its own."""
    here = Path.cwd()
    with connect() as inner:

        def real(settings: Settings, allow_charges: bool = True) -> Lab:
            return Lab(StandIn(settings, StandInClock(inner), inner.session("root")), settings)

        os.chdir(tmp_path)
        try:
            with patch.object(lab_module, "_connect_aws", real):
                yield inner.session("root")
        finally:
            os.chdir(here)


def run(block: str) -> None:
    exec(compile(block, "notebooks/README.md", "exec"), {})  # noqa: S102 our own README


def loaded(learner: str) -> dict[str, str]:
    """The environment of a shell that has loaded the learner's file as the guide says."""
    script = f"set -a; . ./{learner}.env; set +a; env"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def left(owner: boto3.Session) -> set[str]:
    """The names of users and policies of the account, besides those of the lab itself."""
    iam = owner.client("iam")
    users = {user["UserName"] for user in iam.list_users()["Users"]}
    return users | {p["PolicyName"] for p in iam.list_policies(Scope="Local")["Policies"]}


def test_the_guide_creates_learners_who_build_and_deletes_their_pipelines_and_them(
    owner: boto3.Session,
) -> None:
    admit, rehearse, clean_up, dismiss = GUIDE
    before = left(owner)
    run(admit)
    for learner in LEARNERS:
        variables = loaded(learner)
        key = variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]
        with patch.dict(os.environ, variables):
            settings = Settings().with_environment(os.environ)
            session = boto3.Session(*key, region_name="us-east-1")
            Lab(RealAws(settings, session=session), settings).build()
    streams = owner.client("kinesis").list_streams()["StreamNames"]
    assert streams == ["anna-e-commerce-streaming", "ben-e-commerce-streaming"]
    run(rehearse)
    assert owner.client("kinesis").list_streams()["StreamNames"] == streams
    run(clean_up)
    for learner in LEARNERS:
        account = Account(owner, Settings(prefix=f"{learner}-"))
        assert {each.outcome for each in tear_down(account, dry_run=True)} == {"not there"}
    run(dismiss)
    assert left(owner) == before
