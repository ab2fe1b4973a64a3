"""A picture as a notebook, a file or a screen reader gets it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from inventory_lab.html import element, escape, number


@dataclass(frozen=True, slots=True)
class Tooltip:
    """What a hover over a rectangle of the picture shows."""

    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """An SVG with its text alternative; `below` is HTML that says what the hovers say.

    A notebook shows the SVG as an image: hosts that remove inline SVG, and notebooks that are not
    trusted yet, keep it. So the hovers lie above the image.

    >>> picture = Picture("<svg/>", 10, 10, "A dot", "One dot.")
    >>> picture
    A dot: One dot.
    """

    svg: str
    width: float
    height: float
    title: str
    description: str
    tooltips: tuple[Tooltip, ...] = ()
    below: str = ""

    def __repr__(self) -> str:
        return f"{self.title}: {self.description}"

    def save(self, path: str | Path) -> Path:
        """Write the SVG to a file; its path."""
        target = Path(path)
        target.write_text(self.svg + "\n", encoding="utf-8", newline="\n")
        return target

    def _repr_html_(self) -> str:
        source = b64encode(self.svg.encode()).decode()
        image = element(
            "img",
            src=f"data:image/svg+xml;base64,{source}",
            alt=f"{self.title}. {self.description}",
            style="width:100%;height:auto;display:block;margin:0",
        )
        frame = f"position:relative;max-width:{number(self.width)}px"
        return element("div", image + self._hovers(), style=frame) + self.below

    def _hovers(self) -> str:
        return "".join(self._hover(tip) for tip in self.tooltips)

    def _hover(self, tip: Tooltip) -> str:
        place = (
            ("left", tip.x / self.width),
            ("top", tip.y / self.height),
            ("width", tip.width / self.width),
            ("height", tip.height / self.height),
        )
        style = ";".join(f"{name}:{100 * share:.2f}%" for name, share in place)
        return f'<span title="{escape(tip.text)}" style="position:absolute;{style}"></span>'
