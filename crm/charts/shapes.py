"""What all charts are made of: attributes, words, and the picture with what is read aloud of it."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape


def attributes(**values: object) -> Markup:
    """Attributes by their names; `class_` and `font_size` are written as SVG has them."""
    # By hand, each value escaped: a page of charts has a thousand of them, and `Markup.format` takes ten times as long.
    written = (f'{name.rstrip("_").replace("_", "-")}="{escape(value)}"' for name, value in values.items())
    return Markup(" ".join(written))  # noqa: S704


def text(words: str, x: float, y: float, **more: object) -> Markup:
    """Words at a point; where it lies in them is up to `text_anchor`."""
    return Markup("<text {}>{}</text>").format(attributes(x=f"{x:g}", y=f"{y:g}", **more), escape(words))


def picture(
    css_class: str,
    identifier: str,
    title: str,
    description: str,
    shapes: Iterable[Markup],
    *,
    view: tuple[float, float],
    **more: object,
) -> Markup:
    """The whole drawing, of a width and height in user units (`view`).

    `identifier` must be unique in the page: screen readers hear `title` and `description` for the whole picture.
    """
    return Markup(
        '<svg class="{}" viewBox="0 0 {:g} {:g}" role="img" aria-labelledby="{}-title {}-description"{}{}>'
        '<title id="{}-title">{}</title><desc id="{}-description">{}</desc>{}</svg>'
    ).format(
        css_class,
        *view,
        identifier,
        identifier,
        " " if more else "",
        attributes(**more),
        identifier,
        title,
        identifier,
        description,
        Markup().join(shapes),
    )
