"""Three designs under the same faults: one update per record, the exact handler, and a library's recipe.

python examples/designs_in_the_storm.py            the lab's two designs
python examples/designs_in_the_storm.py powertools  also the recipe (needs the extra `powertools`)
"""

import sys
from pathlib import Path

from inventory_lab.testing import storm

RECIPE = Path(__file__).with_name("powertools_handler.py")


def main() -> None:
    """Print the report of each design."""
    print(storm("per_record", schedules=20, events=20))
    print(storm("fold", schedules=20, events=20))
    if "powertools" in sys.argv:
        print(storm(RECIPE, schedules=20, events=20, reader="mapping"))
        repeats = ("duplicate_delivery", "late_execution", "throttle", "crash_before_effect")
        print(storm(RECIPE, schedules=20, events=20, reader="mapping", faults=repeats))


if __name__ == "__main__":
    main()
