"""The function has to succeed, and the pipe must not hear of it: then the pipe can only deliver the batch again.
The record is counted at each delivery, so for 3 counts 2 answers are lost and the third arrives. A crash
*before* the write is harmless, because nothing was counted yet. That is why a retry alone is no proof that
something was counted twice.
"""


# %% solution
def fault_plan(times):
    """The faults under which a record is counted so many times."""
    from inventory_lab import FaultPlan

    return FaultPlan(crash_after_commit=1, at_most=times - 1)


# %% right: a record that is counted once needs no fault
from inventory_lab import FaultPlan


def fault_plan(times: int) -> FaultPlan:
    if times == 1:
        return FaultPlan()
    settings = {"at_most": times - 1, "crash_after_commit": 1.0, "duplicate_delivery": 0}
    return FaultPlan(seed=3, **settings)


# %% right: twice is a batch that is delivered once more
from inventory_lab import FaultPlan


def fault_plan(times):
    if times == 2:
        return FaultPlan(duplicate_delivery=1, at_most=1)
    return FaultPlan(crash_after_commit=1, at_most=times - 1)


# %% wrong: duplicate_delivery repeats a batch that was delivered once
def fault_plan(times):
    from inventory_lab import FaultPlan

    return FaultPlan(duplicate_delivery=1, at_most=times - 1)


# %% wrong: lost_response repeats single calls
def fault_plan(times):
    from inventory_lab import FaultPlan

    return FaultPlan(lost_response=1, at_most=times - 1)


# %% wrong: Let it die when its work is done.
def fault_plan(times):
    from inventory_lab import FaultPlan

    return FaultPlan(crash_before_commit=1, at_most=times - 1)


# %% wrong: Without at_most no answer ever arrives
def fault_plan(times):
    from inventory_lab import FaultPlan

    return FaultPlan(crash_after_commit=1)


# %% wrong: The last delivery counts as well
def fault_plan(times):
    from inventory_lab import FaultPlan

    return FaultPlan(crash_after_commit=1, at_most=times)


# %% wrong: return a FaultPlan
def fault_plan(times):
    return {"crash_after_commit": 1, "at_most": times - 1}


# %% wrong: It is the same plan for 3 and for 2
def fault_plan(times):
    from inventory_lab import FaultPlan

    return FaultPlan(crash_after_commit=1, at_most=2)


# %% wrong: A probability of 0.5 strikes now and then
def fault_plan(times):
    from inventory_lab import FaultPlan

    return FaultPlan(crash_after_commit=0.5, at_most=times - 1)


# %% wrong: One kind is enough
def fault_plan(times):
    from inventory_lab import FaultPlan

    return FaultPlan(crash_after_commit=1, duplicate_delivery=1, at_most=times - 1)


# %% wrong: how many answers have to be lost before the last one arrives
def fault_plan(times):
    from inventory_lab import FaultPlan

    return FaultPlan(crash_after_commit=1, at_most=times - 2)


# %% wrong: with another seed it may not be
def fault_plan(times):
    from inventory_lab import FaultPlan

    return FaultPlan(crash_after_commit=0.99, at_most=times - 1)
