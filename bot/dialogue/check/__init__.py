"""What can be proven of the scripts before they are released."""
