"""What changed from one text to another, word by word, as marked HTML."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from markupsafe import Markup

# Words with the white space after them, so that what is joined again is the text itself.
_WORDS = re.compile(r"\s+|[^\s]+")
_GONE, _NEW = Markup("<del>{}</del>"), Markup("<ins>{}</ins>")


def marked(old: str, new: str) -> Markup:
    """The new text with what was added in `<ins>` and what is gone in `<del>`; both are escaped."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    parts: list[Markup | str] = []
    for _tag, start, end, begin, stop in SequenceMatcher(None, before, after).get_opcodes():
        gone, came = "".join(before[start:end]), "".join(after[begin:stop])
        if gone == came:
            parts.append(came)
            continue
        parts += [_GONE.format(gone)] if gone else []
        parts += [_NEW.format(came)] if came else []
    return Markup("").join(parts)
