"""What a person sees while networks are trained: one display for one worker and for many."""
