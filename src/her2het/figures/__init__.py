"""One function per picture: a result in, drawings out. Nothing is computed here but positions."""
