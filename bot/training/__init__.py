"""Training: models are made from files, kept with the fingerprint of those files, and never half released."""
