"""The stages of a compile, in order: load, merge, resolve, lower, emit, bundle. None knows another."""
