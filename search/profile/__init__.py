"""Depth profile: a ranking of a backbone's cuts by linear probes, from one forward pass and before any training."""
