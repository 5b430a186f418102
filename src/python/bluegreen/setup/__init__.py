"""The room that looks after servers: what one lacks, what a deploy needs, its secrets."""
