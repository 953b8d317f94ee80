"""Understanding: what a buyer's message means, in which language, and what it names."""
