"""Mood and threats: what a message carries beside its intent."""
