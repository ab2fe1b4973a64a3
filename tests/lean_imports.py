"""What pytest's plugin for notebooks imports and nothing here uses; loaded before it by make test."""

from __future__ import annotations

import sys

# Compiling its grammars takes each process two seconds. jsonschema does without when it is missing:
# it has no check of international addresses then, which no notebook is checked with.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
