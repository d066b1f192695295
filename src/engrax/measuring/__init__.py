"""The speed of training, and the FLOPs that it needs by definition."""
