"""Looks at dead letters, and brings them back or does away with them.

`python -m grpc_kafka.dead_letters --help` says how. Which letters are done with is written into
their topic: a record beside them names the offset of one that was replayed or dropped. So any of
them may be done with in any order, which the one position of a consumer group could not say, and
so may those that have no key, which a compacted topic does not even take. Nothing is ever
overwritten; letters and what was done go together when the topic's retention has passed. A command
that is killed between replaying and saying so leaves a letter that is replayed twice: what may not
happen twice carries an idempotency key, here as anywhere.
"""
