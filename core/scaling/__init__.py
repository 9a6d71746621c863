"""How many workers run: the policy, the daemon and the fleets."""
