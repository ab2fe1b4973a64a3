"""The colours of all pictures, each for a light and a dark card.

The eight colours of Okabe and Ito stay apart for colour-blind eyes (https://jfly.uni-koeln.de/color/);
whatever a colour says is also said by a sign, a pattern or a word.
"""

from __future__ import annotations

PALETTE = {
    "card": ("#ffffff", "#101826"),
    "edge": ("#cbd5e1", "#334155"),
    "box": ("#f8fafc", "#1b2638"),
    "line": ("#64748b", "#94a3b8"),
    "text": ("#0f172a", "#f1f5f9"),
    "soft": ("#475569", "#b6c2d2"),
    "faint": ("#e2e8f0", "#2a3750"),
    "white": ("#ffffff", "#ffffff"),
    "ink": ("#0f172a", "#0f172a"),
    "lit": ("#fff4d6", "#4a3a08"),
    "lit_edge": ("#b45309", "#fbbf24"),
    "allowed": ("#00795a", "#2fc59b"),
    "denied": ("#c2410c", "#fb8c4a"),
    "unknown": ("#64748b", "#94a3b8"),
    "blue": ("#0b63a5", "#0b63a5"),
    "purple": ("#8a4f78", "#8a4f78"),
    "teal": ("#00715a", "#00715a"),
    "brown": ("#8a5a00", "#8a5a00"),
    "red": ("#b23c00", "#b23c00"),
    "slate": ("#475569", "#475569"),
}
"""A name for each use; the colours on a card have a contrast of at least 4.5 to 1 where they are text."""

SERIES = ("#56b4e9", "#e69f00", "#3cb893", "#cc79a7", "#f0e442", "#9aa5b1", "#7aa0e0", "#ee8a55")
"""Fills that tell products apart; text on them is ink."""


def light(name: str) -> str:
    """The colour on a light card.

    >>> light("card")
    '#ffffff'
    """
    return PALETTE[name][0]


def stylesheet() -> str:
    """The rules that turn a picture dark where the reader prefers it. A host that strips them shows the
    picture light, with its own background.
    """
    rules = "".join(
        f".lab-f-{name}{{fill:{dark}}}.lab-s-{name}{{stroke:{dark}}}"
        for name, (bright, dark) in PALETTE.items()
        if bright != dark
    )
    return f"@media (prefers-color-scheme:dark){{{rules}}}"


def series(keys: list[str]) -> dict[str, str]:
    """A fill for each key, by the order of first appearance; the ninth takes the first one again.

    >>> series(["Phone", "Oven", "Phone"])
    {'Phone': '#56b4e9', 'Oven': '#e69f00'}
    """
    return {key: SERIES[n % len(SERIES)] for n, key in enumerate(dict.fromkeys(keys))}
