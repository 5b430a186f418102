"""Python from ``.proto`` files: messages, gRPC stubs and their types, with tools from PyPI alone."""
