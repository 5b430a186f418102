"""Who may do what on the brokers, as it follows from what each application serves and calls.

`python -m grpc_kafka.access` plans, grants and checks it: a user for each application, and the
rights of `docs/security.md`, no more.
"""
