"""Draw the README's picture anew: `python -m tools.pipeline_map`."""

from __future__ import annotations

from pathlib import Path

from inventory_lab.views.diagram import map_of

PICTURE = Path(__file__).parents[1] / "docs" / "pipeline.svg"


def main() -> None:
    """Write the picture and say where."""
    print(f"wrote {map_of().save(PICTURE)}")


if __name__ == "__main__":
    main()
