"""The nearest rank: sort the values, and count from the smallest until the share is reached. The result is a value that was
measured. A mean says nothing about the slowest customers, and nothing about the usual one either: one
event that took 100 seconds doubles the mean of a hundred events that took one second.
"""


# %% solution
def percentile(values, share):
    """The smallest value that at least `share` of the values do not exceed; None without values."""
    import math

    if not values:
        return None
    ordered = sorted(values)
    place = max(math.ceil(share * len(ordered)), 1)
    return ordered[place - 1]


# %% right: the words of the task, without a place
def percentile(values: list[float], share: float) -> float | None:
    for candidate in sorted(values):
        if sum(value <= candidate for value in values) >= share * len(values):
            return candidate
    return None


# %% right: numpy
def percentile(values, share):
    import numpy as np

    return np.quantile(values, share, method="inverted_cdf") if values else None


# %% right: a heap
import heapq
import math


def percentile(values, share):
    if len(values) == 0:
        return None
    return heapq.nsmallest(math.ceil(len(values) * share) or 1, values)[-1]


# %% wrong: which is not among the values
def percentile(values, share):
    if not values:
        return None
    return sum(values) / len(values)


# %% wrong: Sort a copy: sorted(values)
def percentile(values, share):
    import math

    if not values:
        return None
    values.sort()
    return values[max(math.ceil(share * len(values)), 1) - 1]


# %% wrong: Without values there is no answer
def percentile(values, share):
    import math

    ordered = sorted(values) or [0]
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]


# %% wrong: A smaller value reaches this share as well.
def percentile(values, share):
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


# %% wrong: values are not greater, and that is less than the share
def percentile(values, share):
    import math

    if not values:
        return None
    return values[max(math.ceil(share * len(values)), 1) - 1]


# %% wrong: Only 1 of 3 values are not greater
def percentile(values, share):
    if not values:
        return None
    return sorted(values)[max(round(share * len(values)), 1) - 1]


# %% wrong: percentile([100 values], 0.99) is 100.0. A smaller value
def percentile(values, share):
    import math

    if not values:
        return None
    distinct = sorted(set(values))
    return distinct[max(math.ceil(share * len(distinct)), 1) - 1]


# %% wrong: percentile([4, 9], 0) is 9. A smaller value
def percentile(values, share):
    import math

    if not values:
        return None
    return sorted(values)[math.ceil(share * len(values)) - 1]


# %% wrong: percentile([], 0.5): IndexError
def percentile(values, share):
    import math

    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


# %% wrong: percentile([100 values], 0.5) is np.int64(51). A smaller value
def percentile(values, share):
    import numpy as np

    return np.quantile(values, share, method="nearest") if values else None
