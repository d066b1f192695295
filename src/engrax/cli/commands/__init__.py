"""One module a command: each parses its words, calls `engrax.runs`, and prints."""
