"""The dialogue: a buyer's message becomes understanding, a step of a flow, and replies."""
