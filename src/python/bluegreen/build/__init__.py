"""The room that makes releases: images built and pushed, Compose files that stand alone."""
