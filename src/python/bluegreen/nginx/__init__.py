"""The room that talks to nginx: which lane has the traffic, and how it fares."""
