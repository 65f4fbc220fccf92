"""Turn the text of an XML document that somebody sent into an element tree, or refuse it: it may be meant to harm.

Expat reads it with nothing fetched and nothing expanded: a document type may be named (`<!DOCTYPE fcpxml>`, and an address
beside it is never opened), but a declaration of an entity ends the reading, so neither "billion laughs" nor a file of ours
can come in by one. Nesting deeper than 64 and texts above 8 MB are refused as well. (`xml.etree` itself lets no handler be
set in its compiled parser; the package `defusedxml` would do the same by the parser in Python.)
"""

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ruach_studio.assembly.exchange.returned import BadReturn

DEPTH_MAX = 64
REMEDY = "Export it again from the editing program."


def parse_xml(text: str, *, root: str) -> Element:
    """Return the root element of `text`. Raises BadReturn for what is no XML, is unsafe, or has another root element."""
    builder, parser, depth = TreeBuilder(), expat.ParserCreate("utf-8"), 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH_MAX:
            raise BadReturn(f"elements are nested more than {DEPTH_MAX} deep", subject="file", remedy=REMEDY)
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def entity(*_declared: object) -> None:
        raise BadReturn(
            "it declares an entity, which no editing program does", subject="file",
            remedy="Take the declarations out of the document type.",
        )  # fmt: skip

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, builder.data
    parser.EntityDeclHandler = entity
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except (expat.ExpatError, UnicodeError) as wrong:
        raise BadReturn(f"it is no XML that can be read ({wrong})", subject="file", remedy=REMEDY) from wrong
    tree = builder.close()
    if tree.tag != root:
        raise BadReturn(f"its root element is <{tree.tag}>, not <{root}>", subject="file", remedy=REMEDY)
    return tree
