"""shellcheck in ``lint``, with shellcheck from PyPI; Pants' own backend fetches it from elsewhere."""
