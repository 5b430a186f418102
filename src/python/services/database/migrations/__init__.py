"""The way from an empty database to the schema of `models.py`, in two phases.

`expand/` holds what runs before a release starts, while the release before it still serves;
`contract/` what runs once nothing of the release before it is left. A revision's id is its phase's
letter and its number (`e0001`, `c0001`): a release that meets a revision newer than itself can tell
what it is without knowing it.
"""
