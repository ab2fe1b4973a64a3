"""What every picture keeps to, so that notebooks and code hosts show it as it is."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from inventory_lab.views.picture import Picture

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {"svg", "title", "desc", "style", "g", "rect", "circle", "path", "text"}
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def root_of(picture: Picture) -> ET.Element:
    return ET.fromstring(picture.svg)  # noqa: S314 our own


def words(picture: Picture) -> list[str]:
    """All lines of text in the picture."""
    return [
        "".join(part for part in [element.text or ""])
        for element in root_of(picture).iter(f"{SVG}text")
    ]


def check(picture: Picture) -> None:
    """Assert the rules: only shapes and text, nothing from elsewhere, no ids, short numbers, a title and
    a description, and nothing that reaches over the edge.
    """
    root = root_of(picture)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= ALLOWED, tags - ALLOWED
    assert root.find(f"{SVG}title") is not None
    description = root.find(f"{SVG}desc")
    assert description is not None
    assert description.text == picture.description != ""
    for element in root.iter():
        assert not {"id", "href", "onload", "onclick"} & set(element.attrib)
        for name in ("x", "y", "cx", "cy", "width", "height", "r"):
            value = element.get(name)
            assert value is None or re.fullmatch(r"-?\d+(\.\d)?", value), (name, value)
    assert "http" not in picture.svg.replace("http://www.w3.org/2000/svg", "")
    assert "url(" not in picture.svg
    _check_inside(root, picture)


def _check_inside(root: ET.Element, picture: Picture) -> None:
    for element in root.iter(f"{SVG}text"):
        x, y, size = (float(element.get(name) or 0) for name in ("x", "y", "font-size"))
        width = len(element.text or "") * size * 0.5
        start = x - {"middle": width / 2, "end": width}.get(element.get("text-anchor") or "", 0)
        assert start >= 0, element.text
        assert start + width <= picture.width, element.text
        assert size <= y <= picture.height, element.text
        assert size >= 12.5
