"""Turn an element tree into the text of an XML document: the same tree, the same bytes, and always well formed.

XML 1.0 has no place for control characters and lone surrogates (section 2.2), not even escaped; a note or a file's name
may hold them. They become U+FFFD, and whoever writes is told that it happened.
"""

import re
from xml.etree.ElementTree import Element, indent, tostring

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CHANGED = "characters that XML cannot hold are written as U+FFFD"


def xml_text(root: Element, *, doctype: str = "") -> tuple[str, list[str]]:
    """Return (the document, what had to be replaced as a list of at most one sentence). `root` is indented in place."""
    changed = False
    for element in root.iter():
        for name, value in element.attrib.items():
            element.set(name, NOT_XML.sub("\ufffd", value))
            changed |= element.get(name) != value
        if element.text and (clean := NOT_XML.sub("\ufffd", element.text)) != element.text:
            element.text, changed = clean, True
    indent(root, "  ")
    head = '<?xml version="1.0" encoding="UTF-8"?>\n' + (f"<!DOCTYPE {doctype}>\n" if doctype else "")
    return f"{head}{tostring(root, encoding='unicode')}\n", [CHANGED] * changed
