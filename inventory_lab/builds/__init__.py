"""Continuous integration and delivery: builds whose commands really run, and what is deployed from them.

On AWS CodeBuild runs a build. For the embedded AWS, which starts no processes, `runner.py` does.
"""
