"""Models out of the search: fetched, exported, run on pictures, measured."""
