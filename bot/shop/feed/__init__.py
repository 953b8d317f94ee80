"""The change feed: what the bot did to orders, told to the store's own system until it says yes or no."""
