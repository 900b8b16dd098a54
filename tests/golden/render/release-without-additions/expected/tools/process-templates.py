"""A release whose tool adds neither tags to roles nor an index to networks."""
