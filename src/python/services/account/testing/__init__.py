"""Identity and the stores in memory behind their real contracts, and a site that asks them."""
