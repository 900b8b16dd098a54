"""The tools that stand in for Heat: they evaluate templates, and find mistakes in them, without a cloud."""
