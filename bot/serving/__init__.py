"""What a serving process does, a module for each role."""
