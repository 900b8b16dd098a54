"""Random strings that stay the same from one run of `heatsink resolve` to the next."""

from __future__ import annotations

from functools import cached_property

from compiler.cli.output import note
from compiler.files.secrets import AddedMeanwhileError, SecretsFile
from compiler.model.random_string import StringRecipe, random_string


class KeptStrings:
    """The strings of OS::Heat::RandomString: those in the secrets file, and new ones to add to it."""

    def __init__(self, file: SecretsFile) -> None:
        self._file = file
        self._new: dict[str, str] = {}

    @cached_property
    def _kept(self) -> dict[str, str]:
        return self._file.values()

    def __call__(self, name: str, recipe: StringRecipe) -> str:
        """The string of that name, made by the recipe if there is none yet."""
        if name not in self._kept and name not in self._new:
            self._new[name] = random_string(recipe)
        return self._kept.get(name) or self._new[name]

    def keep(self) -> bool:
        """Add the new strings to the file; False, without writing, if it contains one of them by now."""
        if not self._new:
            return True

        try:
            self._file.add(self._new)
        except AddedMeanwhileError:
            return False
        note(f"generated in {self._file.path}: {', '.join(self._new)}")
        return True
