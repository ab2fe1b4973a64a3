"""The AWS resources of a lab, one file each, with the same verbs: ensure, describe, tags, delete.

`ensure` makes what is missing, tagged as the lab's, and takes what stands as it is; `tags` reads what it
is tagged with; `delete` asks for no tag, is quiet about what is gone, and comes back when the resource
is gone. All take an `Account`. `teardown` goes through all of them.
"""
