"""The final word on a front: members retrained on train and validation, and read against the test split once."""
