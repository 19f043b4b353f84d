import search  # noqa: F401  gives a user without an account a name, which torch asks for as it is imported
