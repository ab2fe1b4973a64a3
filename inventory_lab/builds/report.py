"""How a build went: its phases, its tests, its log, and what was deployed from it."""

from __future__ import annotations

from dataclasses import dataclass

from inventory_lab.html import cell, table


@dataclass(frozen=True, slots=True)
class PhaseReport:
    """A phase of a build: its name, CodeBuild's word for how it ended, and why it failed."""

    name: str
    status: str
    message: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class BuildReport:
    """How a build went; true when it succeeded.

    `tests` counts test cases by status. `artifact` is the S3 key of what the build produced, and `deployed`
    the CodeSha256 of the function after it was deployed; both are empty when there is none.

    >>> BuildReport("orders:1", "main", "FAILED", (PhaseReport("BUILD", "FAILED"),), {"FAILED": 1})
    BuildReport(FAILED in BUILD, branch main, tests: 1 FAILED, nothing deployed)
    """

    build_id: str
    branch: str
    status: str
    phases: tuple[PhaseReport, ...]
    tests: dict[str, int]
    artifact: str = ""
    deployed: str = ""
    log: str = ""

    def __bool__(self) -> bool:
        return self.status == "SUCCEEDED"

    @property
    def failed_phases(self) -> list[str]:
        """The names of the phases that did not succeed."""
        return [phase.name for phase in self.phases if phase.status != "SUCCEEDED"]

    def __repr__(self) -> str:
        return f"BuildReport({self._summary()})"

    def _repr_html_(self) -> str:
        rows = [[cell(p.name), cell(p.status), cell(p.message)] for p in self.phases]
        return table(("phase", "status", "why"), rows, f"Build {self._summary()}")

    def _summary(self) -> str:
        failed = f" in {', '.join(self.failed_phases)}" if self.failed_phases else ""
        counts = ", ".join(f"{n} {status}" for status, n in sorted(self.tests.items()) if n)
        deployed = f"deployed {self.deployed[:8]}…" if self.deployed else "nothing deployed"
        return f"{self.status}{failed}, branch {self.branch}, tests: {counts or 'none'}, {deployed}"
