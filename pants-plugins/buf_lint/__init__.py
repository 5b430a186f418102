"""``buf lint`` in ``lint``, with buf from PyPI; Pants' own backend fetches it from elsewhere."""
