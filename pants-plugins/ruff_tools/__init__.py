"""`lint`, `fix` and `fmt` by ruff; Pants' own backend knows the commands of an old one."""
