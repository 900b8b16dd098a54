"""The words of environment files: sections, merge strategies, and reserved keys of the registry."""

from __future__ import annotations

PARAMETERS, DEFAULTS = "parameters", "parameter_defaults"
REGISTRY, STRATEGIES = "resource_registry", "parameter_merge_strategies"
UNUSED = ("encrypted_param_names", "event_sinks")  # sections without effect where there is no Heat
SECTIONS = frozenset((PARAMETERS, DEFAULTS, REGISTRY, STRATEGIES, *UNUSED))

OVERWRITE, MERGE, DEEP_MERGE = ALL_STRATEGIES = ("overwrite", "merge", "deep_merge")
DEFAULT_STRATEGY = "default"  # in a file: the strategy of parameters that have none so far

RESOURCES, BASE_URL = "resources", "base_url"
ACTIONS = {
    "hooks": ("pre-create", "pre-update", "pre-delete", "post-create", "post-update", "post-delete"),
    "restricted_actions": ("update", "replace"),
}
RESERVED = frozenset((RESOURCES, BASE_URL, *ACTIONS))  # keys of the registry that are not types
