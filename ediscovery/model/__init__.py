"""The words of the product as plain data: items, states, errors, profiles."""
