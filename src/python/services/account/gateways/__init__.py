"""The other services as this one sees them: plain values in and out, errors of `errors.py`."""
