"""What people look at: the map of the pipeline, pictures of what moves in it, tables worth reading.

Each view is a pure function from plain values to a Picture or a piece of HTML. `map_snapshot.py` and
the functions that take a lab read those values; nothing here changes anything.
"""
