"""The dashboard of a lab: controls and numbers in a notebook, driven between its cells.

`state.py` is pure and keeps what is shown in bounded buffers; `readings.py` reads the account no more
often than is good for the notebook; `panels.py` makes HTML of both; `controls.py` has the widgets;
`driver.py` runs a step each second as an asyncio task; `dashboard.py` puts them together. What the
dashboard needs of a lab is the Protocol in `verbs.py`.
"""
