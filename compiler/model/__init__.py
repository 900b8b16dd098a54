"""The values that pass from one stage to the next. Frozen, valid, and with nothing left to decide."""
