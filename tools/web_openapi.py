"""Turn the API's OpenAPI document into the part that the pages use: the types of web/src/shared/api.gen.ts come from it.

    python tools/web_openapi.py          write web/openapi.gen.json (then `npm run types` in web/)

tests/app/test_web_openapi.py says when the file and the API no longer agree.
"""

import json
import re
from pathlib import Path
from typing import Any

from ruach_studio.app.api import create_api
from ruach_studio.app.wiring import Services
from ruach_studio.infra.context import SystemClock
from ruach_studio.infra.db import Database
from ruach_studio.infra.http.application import RuachApi
from ruach_studio.infra.queues import BullmqPostgres
from ruach_studio.infra.routes import PlannedRoute
from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore

OUT = Path(__file__).resolve().parents[1] / "web" / "openapi.gen.json"
USED = re.compile(r"/auth/(login|logout|me)|/ops/.*")


def main() -> None:
    """Write the file; no database is asked."""
    settings = load_settings()
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    store = LocalDiskStore(settings.store_dir, settings.public_url)
    services = Services(settings, database, BullmqPostgres(database), store, SystemClock())
    OUT.write_text(text_of(create_api(services, at_once=False)))
    print(f"wrote web/{OUT.name}")


def text_of(api: RuachApi) -> str:
    """Return the file's text. The API then has no other routes than those that the pages use: give it one of its own."""
    planned = [each for each in api.router.routes if isinstance(each, PlannedRoute)]
    api.router.routes = [each for each in planned if USED.fullmatch(each.path_format)]
    document: dict[str, Any] = api.openapi()
    document["info"]["version"] = "0"  # a release by itself changes nothing here
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
