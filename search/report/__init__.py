"""From stored trials to a front that a person can read: rows, comparison, then table, files, plot and page."""
