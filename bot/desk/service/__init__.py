"""The desk's ports over the database: async faces whose work runs in threads, a unit of work for each act."""
