"""Settings that name a bucket: taken from the environment, refused by variable, and silent about secrets."""

import pytest

from ruach_studio.infra.settings import load_settings
from ruach_studio.infra.storage.s3.place import place_of
from ruach_studio.kernel.errors import BadInput

WHOLE = {
    "RUACH_STORAGE": "s3",
    "RUACH_S3_BUCKET": "films",
    "RUACH_S3_ENDPOINT": "https://account.r2.cloudflarestorage.com/",
    "RUACH_S3_ACCESS_KEY_ID": "AKSECRET",
    "RUACH_S3_SECRET_ACCESS_KEY": "hunter2",
}


@pytest.fixture
def given(monkeypatch):
    def give(**changes):
        for name, value in (WHOLE | changes).items():
            monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
        return load_settings()

    return give


def test_without_any_of_it_files_stay_on_the_disk():
    assert load_settings().storage == "disk"


def test_an_r2_bucket_is_a_place(given):
    place = place_of(given(RUACH_S3_PREFIX="/studio/", RUACH_S3_SIGNED_S="600", RUACH_PUBLIC_URL="https://studio.test"))
    assert (place.bucket, place.endpoint) == ("films", "https://account.r2.cloudflarestorage.com")
    assert (place.region, place.name("a.mp4"), place.signed_s) == ("auto", "studio/a.mp4", 600)
    assert (place.public_url, place.service_url) == (None, "https://studio.test")
    assert place.secret_access_key.get_secret_value() == "hunter2"


def test_the_keys_may_come_under_amazon_s_names(given):
    settings = given(
        RUACH_S3_ACCESS_KEY_ID=None, RUACH_S3_SECRET_ACCESS_KEY=None, AWS_ACCESS_KEY_ID="AK2", AWS_SECRET_ACCESS_KEY="s2"
    )
    assert place_of(settings).access_key_id.get_secret_value() == "AK2"


def test_secrets_do_not_show(given):
    settings = given()
    for text in (repr(settings), str(settings), repr(place_of(settings))):
        assert "hunter2" not in text
        assert "AKSECRET" not in text


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"RUACH_S3_BUCKET": None}, "RUACH_S3_BUCKET"),
        ({"RUACH_S3_BUCKET": ""}, "RUACH_S3_BUCKET"),
        ({"RUACH_S3_BUCKET": "My_Bucket"}, "RUACH_S3_BUCKET"),
        ({"RUACH_S3_ACCESS_KEY_ID": None}, "RUACH_S3_ACCESS_KEY_ID"),
        ({"RUACH_S3_SECRET_ACCESS_KEY": ""}, "RUACH_S3_SECRET_ACCESS_KEY"),
        ({"RUACH_S3_ENDPOINT": None}, "RUACH_S3_REGION"),
        ({"RUACH_S3_ENDPOINT": "r2.cloudflarestorage.com"}, "RUACH_S3_ENDPOINT"),
        ({"RUACH_S3_ENDPOINT": "https://AK:hunter2@r2.example"}, "RUACH_S3_ENDPOINT"),
        ({"RUACH_S3_PUBLIC_URL": "cdn.example.org"}, "RUACH_S3_PUBLIC_URL"),
        ({"RUACH_S3_PREFIX": "a/../b"}, "RUACH_S3_PREFIX"),
        ({"RUACH_S3_SIGNED_S": "10"}, "RUACH_S3_SIGNED_S"),
        ({"RUACH_S3_SIGNED_S": "604801"}, "RUACH_S3_SIGNED_S"),
        ({"RUACH_S3_ADDRESSING": "odd"}, "RUACH_S3_ADDRESSING"),
        ({"RUACH_STORAGE": "tape"}, "RUACH_STORAGE"),
    ],
)
def test_a_bad_setting_is_refused_by_its_name(given, changes, named):
    with pytest.raises(BadInput) as caught:
        given(**changes)
    assert named in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "store_dir" not in str(caught.value)  # it is not wrong, it only hangs on what is
    assert caught.value.exit_code == 2


def test_amazon_itself_needs_a_region_only(given):
    place = place_of(given(RUACH_S3_ENDPOINT=None, RUACH_S3_REGION="eu-central-1"))
    assert (place.endpoint, place.region) == (None, "eu-central-1")
