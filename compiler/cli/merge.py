"""The option `--merge` of the commands that evaluate environments."""

from __future__ import annotations

import click

from compiler.model.inputs import Merge

merge_option = click.option(
    "--merge", type=click.Choice([merge.value for merge in Merge]),
    default=Merge.SERVER.value, show_default=True,
    help="How environment files are merged: as Heat's server or its client does it.",
)  # fmt: skip
