"""What a saved file does to what runs: which files count, what they mean, and doing it."""
