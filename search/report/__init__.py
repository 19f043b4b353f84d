"""From stored trials to a readable report: rows, comparison, then table, files, plot and HTML report."""
