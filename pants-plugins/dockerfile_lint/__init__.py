"""Hadolint in ``lint``, taken from PyPI; Pants' own backend fetches it from elsewhere."""
