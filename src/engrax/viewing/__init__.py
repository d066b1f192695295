"""An episode as people see it: recorded, told as a story, drawn, and written as a film."""
