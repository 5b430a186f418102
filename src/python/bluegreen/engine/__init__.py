"""The room that talks Docker: containers and Compose projects on a server."""
