"""What tests of the checks share."""
