"""Loss functions and returns, each on one unbatched trajectory."""
