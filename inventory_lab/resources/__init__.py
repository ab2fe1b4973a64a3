"""The AWS resources of a lab, one file each, with the same verbs: ensure, describe, delete.

`ensure` makes what is missing and leaves what stands; `delete` is quiet about what is gone.
All take an `Account`.
"""
