"""The room that talks SSH: commands and files on a server."""
