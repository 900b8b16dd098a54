"""The values that pass from one stage to the next. Frozen and valid."""
