"""What holds of every page that is written: whole in itself, harmless, and readable by all."""

from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "img", "br", "path", "use", "rect"}


class Page(HTMLParser):
    """A page's elements and words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["title"]):
            self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of the elements with this name."""
        return [attributes for name, attributes in self.elements if name == tag]


def read_page(path: Path) -> Page:
    """Read a page and check what must hold of each."""
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("h1")) == 1
    assert page.all("title")
    assert not page.all("script")
    assert "default-src 'none'" in str(page.all("meta"))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids)), "two elements have one id"
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "xlink:href"):
            value = attributes.get(name)
            assert value is None or value.startswith(("data:image/", "#")), f"asks for {value}"
    for image in page.all("img"):
        assert image["alt"]
        assert image["width"]
    for drawing in page.all("svg"):
        assert drawing["role"] == "img"
        assert drawing["aria-label"]
    assert len(page.all("caption")) == len(page.all("table"))
    return page
