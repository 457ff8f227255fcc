"""Markdown as plain text, for the text part of a letter: no markup, links with their address beside them."""

from __future__ import annotations

import textwrap
from typing import Any

from mistune import BaseRenderer, BlockState

Token = dict[str, Any]


class PlainTextRenderer(BaseRenderer):
    """A mistune renderer; blocks end in one empty line, lines are not wrapped (the mail program does that)."""

    NAME = "plain_text"

    def _children(self, token: Token, state: BlockState) -> str:
        return self.render_tokens(token["children"], state) if "children" in token else str(token.get("raw", ""))

    def render_token(self, token: Token, state: BlockState) -> str:
        """The text of one token; what has no method of its own is the text of its children."""
        method = getattr(self, token["type"], self._children)
        return str(method(token, state))

    def paragraph(self, token: Token, state: BlockState) -> str:
        return f"{self._children(token, state)}\n\n"

    heading = paragraph

    def block_text(self, token: Token, state: BlockState) -> str:
        return f"{self._children(token, state)}\n"

    def blank_line(self, _token: Token, _state: BlockState) -> str:
        return ""

    def thematic_break(self, _token: Token, _state: BlockState) -> str:
        return "--------\n\n"

    def block_code(self, token: Token, _state: BlockState) -> str:
        return textwrap.indent(token["raw"].rstrip("\n"), "    ") + "\n\n"

    def block_quote(self, token: Token, state: BlockState) -> str:
        return textwrap.indent(self._children(token, state).strip("\n"), "> ", lambda _line: True) + "\n\n"

    def list(self, token: Token, state: BlockState) -> str:
        ordered = token["attrs"]["ordered"]
        number = token["attrs"].get("start", 1)
        items = []
        for position, item in enumerate(token["children"], number):
            mark = f"{position}. " if ordered else "- "
            text = self._children(item, state).strip("\n")
            items.append(mark + textwrap.indent(text, " " * len(mark)).removeprefix(" " * len(mark)))
        return "\n".join(items) + "\n\n"

    def softbreak(self, _token: Token, _state: BlockState) -> str:
        return "\n"

    linebreak = softbreak

    def link(self, token: Token, state: BlockState) -> str:
        text, address = self._children(token, state), token["attrs"]["url"]
        return text if text in (address, address.removeprefix("mailto:")) else f"{text} ({address})"
