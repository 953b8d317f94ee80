"""What the desk is about, as plain values; no SQL."""
