"""``ruff format`` in ``fmt`` and ``lint``; Pants' own backend of ruff only checks and fixes."""
