"""The AWS resources of a lab, one file each, with the same verbs: ensure, describe, tags, delete.

`ensure` waits until no change is under way, creates what is missing, tagged as the lab's, and brings
what exists to the settings; it refuses what exists without the lab's tag. `tags` reads what it
is tagged with; `delete` does not check the tag, accepts that the resource is gone already, and returns when the resource
is gone. All take an `Account`. `teardown` deletes all of them.
"""
