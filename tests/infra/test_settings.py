"""Settings work with nothing set, name what is wrong, and never show a password."""

import os
from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from ruach_studio.infra.masking import masked
from ruach_studio.infra.settings import Settings, load_settings
from ruach_studio.kernel.errors import BadInput


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith("RUACH_") or each == "FFMPEG_BIN"]:
        monkeypatch.delenv(name)


def test_a_desk_needs_no_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.data_dir == tmp_path / ".ruach"
    assert settings.store_dir == tmp_path / ".ruach" / "store"
    assert settings.database_url is None
    assert (settings.queue_backend, settings.redis_url, settings.media_roots) == ("postgres", None, [])
    assert (settings.public_url, settings.port) == ("http://127.0.0.1:8600", 8600)


def test_an_empty_folder_is_the_usual_one_not_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUACH_DATA_DIR", "")
    monkeypatch.setenv("RUACH_STORE_DIR", "")
    settings = load_settings()
    assert (settings.data_dir, settings.store_dir) == (tmp_path / ".ruach", tmp_path / ".ruach" / "store")


def test_the_environment_is_read_and_an_argument_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUACH_DATA_DIR", str(tmp_path / "d"))
    monkeypatch.setenv("RUACH_MEDIA_ROOTS", f"{tmp_path}/a{os.pathsep}{tmp_path}/b")
    monkeypatch.setenv("FFMPEG_BIN", "/opt/ffmpeg")
    monkeypatch.setenv("RUACH_PORT", "9000")
    monkeypatch.setenv("RUACH_LOG_LEVEL", "debug")
    monkeypatch.setenv("RUACH_DATABASE_URL", "")
    settings = load_settings(port=9001, public_url="https://talks.example/")
    assert settings.store_dir == tmp_path / "d" / "store"
    assert settings.media_roots == [tmp_path / "a", tmp_path / "b"]
    assert settings.ffmpeg_bin == Path("/opt/ffmpeg")
    assert (settings.port, settings.log_level, settings.database_url) == (9001, "DEBUG", None)
    assert settings.public_url == "https://talks.example"
    assert load_settings(ffmpeg_bin=Path("/x"), media_roots=[tmp_path]).media_roots == [tmp_path]


def test_tiers_and_record_store_are_checked_where_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUACH_STRIPE_TIERS", "price_a=supporter, price_b=steward,")
    monkeypatch.setenv("RUACH_XAPI_URL", "https://lrs.example/xapi/statements/")
    monkeypatch.setenv("RUACH_XAPI_PASSWORD", "hunter5")
    settings = load_settings()
    assert settings.stripe_tiers == {"price_a": "supporter", "price_b": "steward"}
    assert (settings.xapi_url, settings.xapi_version) == ("https://lrs.example/xapi", "1.0.3")
    assert "hunter5" not in repr(settings)
    for name, value in (
        ("RUACH_STRIPE_TIERS", "price_a=gold"), ("RUACH_STRIPE_TIERS", "price_a"), ("RUACH_XAPI_URL", "lrs.example"),
        ("RUACH_XAPI_URL", "https://u:hunter6@lrs.example/xapi"), ("RUACH_XAPI_VERSION", "3"),
    ):  # fmt: skip
        with monkeypatch.context() as wrong:
            wrong.setenv(name, value)
            with pytest.raises(BadInput, match=name) as refused:
                load_settings()
        assert "hunter6" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "port", "address"),
    [
        (None, "8655", "http://127.0.0.1:8655"), ("0.0.0.0", "8655", "http://127.0.0.1:8655"),  # noqa: S104
        ("::", None, "http://127.0.0.1:8600"), ("::1", "9000", "http://[::1]:9000"),
        ("studio.lan", None, "http://studio.lan:8600"),
    ],
)  # fmt: skip
def test_the_public_address_is_where_the_service_listens_unless_it_is_told(
    host: str | None, port: str | None, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {name: value for name, value in (("host", host), ("port", port)) if value}
    assert load_settings(**given).public_url == address
    for name, value in given.items():
        monkeypatch.setenv(f"RUACH_{name.upper()}", value)
    assert load_settings().public_url == address
    assert load_settings(public_url="https://talks.example/").public_url == "https://talks.example"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().port = 1


def test_no_password_is_printed() -> None:
    settings = load_settings(
        database_url="postgresql://ruach:hunter2@db/ruach",
        redis_url="redis://:hunter3@cache:6379/0",
        stripe_webhook_secret="hunter4",
    )
    for shown in (repr(settings), str(settings)):
        assert "hunter" not in shown
        assert "postgresql://ruach:***@db/ruach" in shown
    assert settings.database_url == "postgresql://ruach:hunter2@db/ruach"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("postgresql://u:p%40w@h:1/d?sslmode=require", "postgresql://u:***@h:1/d?sslmode=require"),
        ("host=db password='a b\\'c' user=u", "host=db password=*** user=u"),
        ("postgresql:///d?user=u&password=pw&host=/s", "postgresql:///d?user=u&password=***&host=/s"),
        ("redis://:pw@h/0", "redis://:***@h/0"),
        ("could not reach redis://a:b@h and http://h/x@y", "could not reach redis://a:***@h and http://h/x@y"),
        ("postgresql://u@/d?host=/tmp/x", "postgresql://u@/d?host=/tmp/x"),
    ],
)
def test_masking_takes_passwords_and_nothing_else(given: str, shown: str) -> None:
    assert masked(given) == shown


def test_every_wrong_variable_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUACH_PORT", "eighty-secret")
    monkeypatch.setenv("RUACH_QUEUE_BACKEND", "rabbit-secret")
    with pytest.raises(BadInput) as caught:
        load_settings()
    assert "RUACH_PORT" in caught.value.remedy
    assert "RUACH_QUEUE_BACKEND" in caught.value.remedy
    assert "secret" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "RUACH_PILLARS",
            "rendr",
            "pillars: there is no pillar rendr; the pillars are assembly, render, formation, membership",
        ),
        ("RUACH_XAPI_URL", "ftp://x", "xapi_url: it is no http(s) address of an xAPI endpoint"),
        ("RUACH_S3_BUCKET", "A", "s3_bucket: a bucket's name is 3 to 63 small letters, digits, dots and hyphens"),
        ("RUACH_OTEL_ENDPOINT", "x", "otel_endpoint: it is no http(s) address of a collector, or holds credentials"),
        ("RUACH_REDIS_URL", "x", "redis_url: it is no redis://, rediss:// or unix:// address"),
    ],
)
def test_what_is_wrong_is_said_in_our_words_alone(variable, value, said, monkeypatch):
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadInput) as caught:
        load_settings()
    assert (caught.value.fact, caught.value.remedy) == (said, f"Correct {variable}")


def test_what_is_wrong_with_several_together_is_said_in_our_words_alone():
    with pytest.raises(BadInput) as caught:
        load_settings(assessor_url="http://x")
    assert (caught.value.fact, caught.value.remedy) == ("RUACH_ASSESSOR_URL and RUACH_ASSESSOR_MODEL go together", "Set it.")


def test_redis_queues_need_an_address() -> None:
    with pytest.raises(BadInput, match="RUACH_REDIS_URL"):
        load_settings(queue_backend="redis")
    with pytest.raises(BadInput, match="Extra inputs"):
        load_settings(prot=1)


def test_no_two_groups_of_settings_share_a_name():
    """A validator of one group would silently take the place of another's."""
    groups = [each for each in Settings.__mro__ if each.__module__.startswith("ruach_studio.infra.settings")]
    assert len(groups) >= 6
    shared = Counter(name for each in groups for name in vars(each) if not name.startswith("__"))
    assert {name for name, count in shared.items() if count > 1} == {"model_config", "_abc_impl"}  # pydantic's own


@pytest.mark.parametrize(
    ("given", "trusted"),
    [
        (None, ["127.0.0.1", "::1"]),
        ("", ["127.0.0.1", "::1"]),
        ("10.0.0.7, 10.1.0.0/16,", ["10.0.0.7", "10.1.0.0/16"]),
        ("FD00::0:1", ["fd00::1"]),
    ],
)
def test_the_proxies_whose_word_counts(monkeypatch: pytest.MonkeyPatch, given: str | None, trusted: list[str]) -> None:
    if given is not None:
        monkeypatch.setenv("RUACH_TRUSTED_PROXIES", given)
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")  # uvicorn's own variable says nothing here
    assert load_settings().trusted_proxies == trusted


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("*", "trusts everybody"),
        ("127.0.0.1,0.0.0.0/0", "trusts everybody"),
        ("balancer", "'balancer' is no address"),
        ("10.0.0.5/8", "host bits"),
        ("10.0.0.256", "no address"),
    ],
)
def test_proxies_that_are_no_addresses_or_everybody_are_refused(given: str, why: str) -> None:
    with pytest.raises(BadInput, match=rf"{why}.*RUACH_TRUSTED_PROXIES"):
        load_settings(trusted_proxies=given)
