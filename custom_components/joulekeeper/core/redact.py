"""Takes secrets and identities out of anything that leaves the house."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

REDACTED: Final = "**REDACTED**"


class Redactor:
    """Removes whole values by key, and known secrets and identities inside any text.

    Identities (serial numbers, site ids) become stable aliases, under any key, so that a
    report still shows which values belong together.
    """

    def __init__(
        self,
        keys: Iterable[str] = (),
        secrets: Iterable[str] = (),
        identities: Iterable[str] = (),
    ) -> None:
        """Take what to hide; the same identities in the same order give equal aliases.

        Keys are compared without regard to case.
        """
        self._keys = frozenset(key.casefold() for key in keys)
        replacements = {secret: REDACTED for secret in secrets if secret}
        for number, identity in enumerate(dict.fromkeys(identities), start=1):
            replacements[identity] = f"**ID-{number}**"
        self._whole = replacements
        # Longest first: a secret may contain another one.
        self._replacements = sorted(
            replacements.items(), key=lambda pair: len(pair[0]), reverse=True
        )

    def text(self, text: str) -> str:
        """Return the text without any known secret or identity."""
        for hidden, shown in self._replacements:
            text = text.replace(hidden, shown)
        return text

    def data(self, value: Any) -> Any:
        """Return a scrubbed copy of JSON-like data, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {
                self.text(str(key)): self._whole.get(str(item), REDACTED)
                if item is not None and str(key).casefold() in self._keys
                else self.data(item)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.data(item) for item in value]
        if isinstance(value, int) and (shown := self._whole.get(str(value))):
            return shown
        return value
