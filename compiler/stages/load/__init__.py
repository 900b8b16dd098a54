"""The first stage, and the only one that opens files: YAML in, checked values out."""
