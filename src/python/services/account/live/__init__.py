"""What a browser is told as it happens: server-sent events, bounded in time and number."""
