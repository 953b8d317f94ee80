"""The mailroom: every message in and out lies here, durably, and is handled once and in order."""
