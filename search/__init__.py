from search.identity import give_identity

give_identity()
