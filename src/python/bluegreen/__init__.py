"""The deployer: a release becomes a lane, proves itself, takes the traffic; the old one drains."""
