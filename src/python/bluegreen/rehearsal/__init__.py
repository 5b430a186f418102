"""What would be run, found out by the code that runs it, on a server that is only looked at."""
