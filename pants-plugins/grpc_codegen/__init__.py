"""Python from ``.proto`` files: messages, gRPC stubs, and their types. All tools are on PyPI."""
