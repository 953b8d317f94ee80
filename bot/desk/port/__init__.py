"""The desk's ports: what a frontend may ask of it, by role, and what it offers in return."""
