"""What workers show in optuna-dashboard: notes and figures of a search, models and cards of the trials on its front."""
