"""The desk: people and ranks, cases, clocks and hours, and the port to where people work."""
