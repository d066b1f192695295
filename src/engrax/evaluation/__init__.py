"""Playing fresh episodes, and what to say about them."""
