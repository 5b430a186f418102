"""Services made and removed by a command: `./pants run :new-service -- orders`.

A service is files of its own, rendered from `templates/`, and lines in files that name all
services: `registrations` lists those. Both are known before anything is written, so that what is
refused leaves the checkout as it was, and removing is making read backwards.
"""
