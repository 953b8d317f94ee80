"""What the store writes first: found in its data, told once, with consent, at a decent hour."""
