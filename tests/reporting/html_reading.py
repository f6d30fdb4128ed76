"""Pages taken apart by a parser, as a browser would, for tests that look at elements instead of text."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "input", "br", "img", "link", "hr", "path", "circle", "line", "rect", "polyline"}
NETWORKED = {"src", "href", "action", "data", "poster", "srcset", "formaction", "background", "xlink:href"}


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: "list[Element | str]" = field(default_factory=list)

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    @property
    def text(self) -> str:
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return " ".join(" ".join(parts).split())

    def find_all(self, tag: str | None = None, *, name: str | None = None) -> "Iterator[Element]":
        """Yield the elements below with a tag, and with a class."""
        for child in self.children:
            if isinstance(child, Element):
                if tag in (None, child.tag) and (name is None or name in child.classes):
                    yield child
                yield from child.find_all(tag, name=name)

    def find_id(self, identity: str) -> "Element":
        return next(one for one in self.find_all() if one.attributes.get("id") == identity)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.current = Element("root", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.current)
        self.current.children.append(element)
        if tag not in VOID:
            self.current = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.current.children.append(Element(tag, {name: value or "" for name, value in attrs}, self.current))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.current.tag == tag, f"</{tag}> closes <{self.current.tag}>"
        assert self.current.parent is not None
        self.current = self.current.parent

    def handle_data(self, data: str) -> None:
        self.current.children.append(data)


def read_page(html: str) -> Element:
    """Return the root of a page in which every element is closed in its place."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.current is reader.root, f"<{reader.current.tag}> is not closed"
    return reader.root


def read_data(page: Element) -> dict[str, Any]:
    """Return the data of the hits."""
    return dict(json.loads(page.find_id("hit-data").children[0]))


def list_references(page: Element) -> list[str]:
    """Return everything in a page that a browser would fetch, apart from places within it."""
    attributes = ((name, value) for one in page.find_all() for name, value in one.attributes.items())
    return [value for name, value in attributes if name in NETWORKED and not value.startswith(("#", "data:"))]


def list_handlers(page: Element) -> list[str]:
    """Return the attributes that are scripts."""
    return [name for one in page.find_all() for name in one.attributes if name.startswith("on")]
