"""The policy files of `iam_policies/`, with their placeholders filled in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from inventory_lab.resources.account import Account

_PLACEHOLDER = re.compile("<([a-z_]+)>")


def policy_path(name: str) -> Path:
    """Where the file of a policy such as 'pipe/trust' is: in the package or in the checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "iam_policies"
    return (installed if installed.is_dir() else package.parent / "iam_policies") / f"{name}.json"


def policy(name: str, account: Account) -> str:
    """The policy document as JSON text, for this account. Raises KeyError on a wrong placeholder."""
    text = _PLACEHOLDER.sub(
        lambda match: _value(match[1], account), policy_path(name).read_text(encoding="utf-8")
    )
    document: Any = json.loads(text)
    return json.dumps(document)


def _value(placeholder: str, account: Account) -> str:
    facts = {
        "partition": account.partition,
        "region": account.settings.region,
        "account": account.account_id,
        "prefix": account.settings.prefix,
        "bucket": account.bucket(),
    }
    return facts[placeholder] if placeholder in facts else account.settings.name(placeholder)
