"""The JSON API: the same as the pages, for programs of the person's own browser."""
