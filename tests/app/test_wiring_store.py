"""Which store the settings choose, and what that costs whoever did not choose it."""

import subprocess
import sys

import pytest

from ruach_studio.app.wiring import open_store
from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.storage.local_disk import LocalDiskStore
from ruach_studio.infra.storage.port import SigningStore

NOT_LOADED = """
import sys
import ruach_studio.app.api, ruach_studio.app.background, ruach_studio.app.cli.main, ruach_studio.app.cli.run
from ruach_studio.app.wiring import open_store
from ruach_studio.infra.settings import load_settings
open_store(load_settings())
print(sorted({name.split('.')[0] for name in sys.modules} & {'botocore', 'jmespath'}))
"""


def test_who_keeps_files_on_the_disk_loads_nothing_of_s3():
    told = subprocess.run([sys.executable, "-c", NOT_LOADED], check=True, capture_output=True, text=True)
    assert told.stdout == "[]\n"


def test_the_disk_is_the_default(tmp_path):
    assert isinstance(open_store(load_settings(data_dir=tmp_path)), LocalDiskStore)


@pytest.mark.parametrize(
    ("public_url", "url"),
    [(None, "http://127.0.0.1:8600/media/a.mp4"), ("https://cdn.example.org/", "https://cdn.example.org/studio/a.mp4")],
)
def test_a_bucket_by_configuration_asks_nothing_of_anybody_yet(tmp_path, public_url, url):
    settings = load_settings(
        data_dir=tmp_path, storage="s3", s3_bucket="films", s3_endpoint="http://127.0.0.1:9", s3_prefix="studio",
        s3_access_key_id="AK", s3_secret_access_key="SK", s3_public_url=public_url,
    )  # fmt: skip
    store = open_store(settings)
    assert isinstance(store, SigningStore)
    assert store.url("a.mp4") == url
    assert list(tmp_path.iterdir()) == []
