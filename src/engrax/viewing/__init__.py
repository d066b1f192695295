"""Recording, drawing and writing episodes as animations."""
