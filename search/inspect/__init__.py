"""A look at the data before training: counts, probable label errors, outliers, near copies, and a page to see them."""
