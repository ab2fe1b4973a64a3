"""A piece of HTML as a notebook shows it, with the same in words for a terminal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class HtmlView:
    """HTML for a notebook, and `text` for where there is none.

    >>> HtmlView("<b>2 products</b>", "2 products")
    2 products
    """

    html: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html
