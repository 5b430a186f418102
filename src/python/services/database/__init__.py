"""The service that owns PostgreSQL: its models, its migrations, its stores.

Everything else reaches data through the gRPC stores; nothing else speaks SQL.
"""
