"""A role's two policies side by side: who may become it, and what it may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from inventory_lab.iam.account.principal_policies import AttachedPolicies, PrincipalPolicies
from inventory_lab.iam.evaluation.document import Document, Policy
from inventory_lab.views.observed import ObservableLab
from inventory_lab.views.picture import Picture
from inventory_lab.views.svg import arrow_head, box, drawing, fitted, path, text

WIDTH = 960
ROLES = ("pipe", "function", "codebuild", "deploy")
_TOP, _LINE = 108, 20
_CARD = 330


@dataclass(frozen=True, slots=True)
class Lines:
    """A statement in lines: its name with its effect, then what it says."""

    name: str
    denies: bool
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RolePolicies:
    """A role with the statements of its trust policy and of its permission policies."""

    role: str
    trust: tuple[Lines, ...]
    permissions: tuple[Lines, ...]
    exists: bool = True


def draw_role(lab: ObservableLab, role: str = "pipe") -> Picture:
    """The trust policy and the permission policy of the "pipe", "function", "codebuild" or "deploy" role.

    Raises ValueError for another role.

    >>> draw_role(lab, "pipe").svg[:4]
    '<svg'
    """
    if role not in ROLES:
        raise ValueError(f"there is no role {role!r}; use one of {', '.join(ROLES)}")
    name = lab.settings.name(f"{role}_role")
    policies = AttachedPolicies(lambda: lab.session("root").client("iam")).of_role(name)
    return role_picture(role_policies(name, policies))


def role_policies(name: str, policies: PrincipalPolicies) -> RolePolicies:
    """What IAM knows of a role, in lines."""
    permissions = [line for policy in policies.policies.values() for line in _lines(policy)]
    return RolePolicies(name, _lines(policies.trust), tuple(permissions), bool(policies.arn))


def role_picture(policies: RolePolicies) -> Picture:
    """The two policies as a picture."""
    title = f"The two policies of {policies.role}"
    rows = max(_height(policies.trust), _height(policies.permissions), 5 * _LINE)
    height = _TOP + rows + 30
    shapes = _missing() if not policies.exists else _cards(policies, rows)
    svg = drawing(
        WIDTH, height, title, describe(policies), text(20, 36, title, 18, bold=True), *shapes
    )
    return Picture(svg, WIDTH, height, title, describe(policies))


def describe(policies: RolePolicies) -> str:
    """The two policies in sentences."""
    if not policies.exists:
        return f"There is no role {policies.role} yet."
    who = "; ".join(_spoken(lines) for lines in policies.trust) or "nobody"
    what = "; ".join(_spoken(lines) for lines in policies.permissions) or "nothing"
    return f"Trust policy, who may assume the role: {who}. Permission policy, what the role may do: {what}."


def _spoken(lines: Lines) -> str:
    return f"{lines.name} {'denies' if lines.denies else 'allows'} {', '.join(lines.facts)}"


def _missing() -> list[str]:
    return [text(20, 80, "This role does not exist yet.", 15)]


def _cards(policies: RolePolicies, height: float) -> list[str]:
    right, middle = WIDTH - 20 - _CARD, WIDTH / 2
    y = _TOP + height / 2
    name = fitted(policies.role, 170, 14)
    return [
        text(20, 66, "Trust policy", 15, bold=True),
        text(20, 86, "Who may become the role?", 13, "soft"),
        text(right, 66, "Permission policy", 15, bold=True),
        text(right, 86, "What may the role do?", 13, "soft"),
        *_card(policies.trust, 20, height, "no statement: nobody may"),
        *_card(policies.permissions, right, height, "no statement: it may do nothing"),
        path(f"M{20 + _CARD} {y}H{middle - 101}", "line", 3),
        arrow_head(middle - 90, y, "right", "line"),
        path(f"M{middle + 90} {y}H{right - 11}", "line", 3),
        arrow_head(right, y, "right", "line"),
        box(middle - 90, y - 34, 180, 68, "lit", "lit_edge", radius=34, thickness=2),
        text(middle, y - 5, "role", 13, "soft", anchor="middle"),
        text(middle, y + 16, name, 14, anchor="middle", bold=True),
    ]


def _card(statements: Sequence[Lines], x: float, height: float, empty: str) -> list[str]:
    shapes = [box(x, _TOP, _CARD, height, "box", "line", radius=8, thickness=1.5)]
    y = _TOP + 24.0
    if not statements:
        shapes.append(text(x + 12, y, empty, 13, "denied", bold=True))
    for lines in statements:
        color, sign = ("denied", "✕ Deny") if lines.denies else ("allowed", "✓ Allow")
        shapes.append(text(x + 12, y, fitted(lines.name, 220, 13.5), 13.5, bold=True))
        shapes.append(text(x + _CARD - 12, y, sign, 13, color, anchor="end", bold=True))
        shapes += [
            text(x + 12, y + _LINE * (n + 1), fitted(fact, _CARD - 24, 13), 13, "soft")
            for n, fact in enumerate(lines.facts)
        ]
        y += _LINE * (len(lines.facts) + 1) + 10
    return shapes


def _height(statements: Sequence[Lines]) -> float:
    return sum(_LINE * (len(lines.facts) + 1) + 10 for lines in statements) + 8


def _lines(policy: Policy) -> tuple[Lines, ...]:
    return tuple(
        Lines(
            str(statement.source.get("Sid", "a statement without Sid")),
            statement.denies,
            (*_who(statement.source), *_what(statement.source), *_when(statement.source)),
        )
        for statement in policy
    )


def _who(source: Document) -> list[str]:
    principal = source.get("Principal", {})
    if not isinstance(principal, Mapping):
        return ["anybody"]
    return [
        f"{kind}: {', '.join(_short(v) for v in _many(values))}"
        for kind, values in principal.items()
    ]


def _what(source: Document) -> list[str]:
    """The actions of each service in a line, then the resources."""
    services: dict[str, list[str]] = {}
    for action in _many(source.get("Action", source.get("NotAction", []))):
        service, _, name = action.partition(":")
        services.setdefault(service, []).append(name or "*")
    without = "all but " if "NotAction" in source else ""
    lines = [f"{without}{service}:{name}" for service, names in services.items() for name in names]
    resources = [_short(r) for r in _many(source.get("Resource", []))]
    return lines + ([f"on {', '.join(resources)}"] if resources else [])


def _when(source: Document) -> list[str]:
    return [
        f"if {key} is {', '.join(_short(str(value)) for value in _many(values))}"
        for keys in source.get("Condition", {}).values()
        for key, values in keys.items()
    ]


def _short(arn: str) -> str:
    """The last part of an ARN, which names the resource."""
    return arn.split(":", 5)[-1] if arn.startswith("arn:") else arn


def _many(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
