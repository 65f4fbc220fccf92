"""The types of the pages come from web/openapi.gen.json; this says when the API has moved on."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_pages_know_the_api_as_it_is(api):
    spec = importlib.util.spec_from_file_location("web_openapi_tool", ROOT / "tools" / "web_openapi.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    fresh = tool.text_of(api)
    assert (ROOT / "web" / "openapi.gen.json").read_text() == fresh, (
        "drifted: run python tools/web_openapi.py, then `npm run types` in web/"
    )
