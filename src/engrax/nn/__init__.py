"""Building blocks of agents: encoders, decoders, heads, attention, recurrent cells."""
