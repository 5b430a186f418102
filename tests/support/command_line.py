"""The command line of a program that Pants runs."""

import argparse


def parser(target: str, description: str | None, examples: str) -> argparse.ArgumentParser:
    """One whose help says how the program is started.

    Args:
        target: What `./pants run` is given.
        description: The docstring of the program.
        examples: Complete commands, each with what it is for, and what they need.
    """
    return argparse.ArgumentParser(
        f"./pants run {target} --",
        description=description,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
