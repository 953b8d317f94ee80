"""Rules: the store's own ``shop.yml`` is changed, checked, released and rolled back by admins."""
