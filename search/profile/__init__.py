"""Depth profile: which cuts of a backbone are worth training, from one forward pass and before anything is trained."""
