"""Words: what the bot says is edited, previewed, checked, released and rolled back by admins."""
