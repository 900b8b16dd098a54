"""Commands that replace Heat: they evaluate templates, and find mistakes in them, without a cloud."""
