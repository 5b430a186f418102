"""What this machine lacks, and for which command: `./pants run :doctor`.

`looking` asks the machine, `needs` judges what it said, command by command. What a server lacks
that releases are delivered to is another question: `./pants run :bluegreen -- doctor`.
"""
