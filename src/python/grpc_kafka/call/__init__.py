"""Calls a method from the command line: `python -m grpc_kafka.call --help` says how.

Messages are JSON on both ends; what they are like is known from the contract.
"""
