"""Accounts' sign-up and sign-in, their sessions, and the tokens that prove them.

    python -m services.identity serve             answer the calls of tandem.identity.v1.Identity
    python -m services.identity keys create DIR   make a new signing key
    python -m services.identity keys list DIR     show the keys and which one signs

The service keeps nothing but its signing keys: accounts, sessions and counts of attempts are in
`database`, asked by gRPC. Passwords do not leave the process but as hashes, session secrets only to
who signs in; Kafka carries both between `account` and here (docs/security.md says how long it keeps
them).
"""
