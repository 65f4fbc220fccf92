"""XML from outside: nothing is fetched, nothing expands, nothing goes deeper than it should."""

import pytest

from ruach_studio.assembly.exchange import BadReturn
from ruach_studio.assembly.exchange.xml_in import DEPTH_MAX, parse_xml

LAUGHS = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>'


def test_a_plain_document_is_read():
    tree = parse_xml('<?xml version="1.0" encoding="UTF-16"?>\n<!DOCTYPE r>\n<r a="&lt;ü"><b>x</b>y</r>', root="r")
    assert (tree.get("a"), tree[0].text, tree[0].tail) == ("<ü", "x", "y")


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        (LAUGHS, "it declares an entity"),
        ('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', "it declares an entity"),
        ('<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x">%p;]><r/>', "it declares an entity"),
        ("<r>" * (DEPTH_MAX + 1), f"more than {DEPTH_MAX} deep"),
        ("<r>&x;</r>", "undefined entity"),
        ("<r><a></r>", "mismatched tag"),
        ("<r/>\ud800", "no XML"),
        ("<other/>", "root element is <other>, not <r>"),
    ],
)
def test_what_could_harm_is_refused(text, fact):
    with pytest.raises(BadReturn, match=fact):
        parse_xml(text, root="r")


def test_a_document_type_elsewhere_is_not_fetched(tmp_path):
    dtd = tmp_path / "x.dtd"
    dtd.write_text('<!ATTLIST r seen CDATA "yes">')
    assert parse_xml(f'<!DOCTYPE r SYSTEM "{dtd.as_uri()}"><r/>', root="r").get("seen") is None
