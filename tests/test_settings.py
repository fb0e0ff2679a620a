from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from art_mcp.settings import (
    Settings,
    SettingsError,
    default_data_dir,
    default_image_dirs,
    load_settings,
    unknown_variables,
    user_env_file,
    variable,
)


def test_defaults_need_nothing() -> None:
    settings = load_settings()
    assert settings.database_url is None
    assert settings.data_dir.is_absolute()
    assert all(folder.is_absolute() for folder in settings.image_dirs)


def test_on_windows_the_data_is_where_every_program_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that the packaged Claude Desktop starts has an AppData of its own."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "win32")
        assert default_data_dir() == Path.home() / ".art-mcp"


def test_environment_wins_over_env_file_and_that_over_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On macOS and Windows, no variable leads away from the file of whoever runs the tests.
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path)
    user_env_file().write_text("ART_MCP_DISPLAY_SIZE=400\nART_MCP_LOG_LEVEL=DEBUG\nART_MCP_DATA_DIR=/own\n")
    given = tmp_path / "given.env"
    given.write_text("ART_MCP_DISPLAY_SIZE=500\nART_MCP_LOG_LEVEL=ERROR\n")
    monkeypatch.setenv("ART_MCP_DISPLAY_SIZE", "600")
    settings = load_settings(given)
    assert (settings.display_size, settings.log_level, settings.data_dir) == (600, "ERROR", Path("/own"))


def test_empty_variables_say_nothing_and_names_may_be_in_small_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "given.env"
    given.write_text("export ART_MCP_DISPLAY_SIZE='500' # pixels\nART_MCP_READ_ONLY\nart_mcp_log_level=ERROR\n")
    for name, value in {"ART_MCP_DISPLAY_SIZE": "", "VISION_KEY": "old", "ART_MCP_AZURE_KEY": "new"}.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(given)
    assert (settings.display_size, settings.read_only, settings.log_level) == (500, False, "ERROR")
    assert settings.azure_key is not None
    assert settings.azure_key.get_secret_value() == "new"


def test_a_file_may_have_the_mark_of_windows_and_values_spaces_around(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "given.env"
    given.write_text("ART_MCP_LOG_LEVEL=ERROR\r\nART_MCP_HTTP_KEY=' '\r\n", "utf-8-sig")
    monkeypatch.setenv("ART_MCP_READ_ONLY", "true ")
    settings = load_settings(given)
    assert (settings.log_level, settings.http_key, settings.read_only) == ("ERROR", None, True)


@pytest.mark.parametrize(
    ("written", "value"),
    [("'/a #1'", "/a #1"), ("/a #1", "/a"), ("/a#1", "/a#1"), ('"/a\\new"', "/a\new"), ("${PLACE}/b", "/place/b")],
)
def test_quotes_in_a_file_are_as_documented(
    written: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACE", "/place")
    given = tmp_path / "given.env"
    given.write_text(f"ART_MCP_DATA_DIR={written}\n")
    assert load_settings(given).data_dir == Path(value)


def test_settings_in_code_do_not_read_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ART_MCP_DISPLAY_SIZE", "500")
    assert Settings(log_level="ERROR").display_size == 1024


def test_a_dotenv_in_the_working_folder_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("ART_MCP_DISPLAY_SIZE=777\n")
    monkeypatch.chdir(tmp_path)
    assert load_settings().display_size == 1024


@pytest.mark.parametrize("left", ["${user_config.image_dir}", "${HOME}/Pictures", "/home/me:${workspaceFolder}"])
def test_a_variable_that_a_client_did_not_fill_in_counts_as_not_set(
    left: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ART_MCP_IMAGE_DIRS", left)
    monkeypatch.setenv("ART_MCP_READ_ONLY", "${user_config.read_only}")
    assert load_settings() == Settings(image_dirs=default_image_dirs())
    given = tmp_path / "given.env"
    given.write_text(f"ART_MCP_IMAGE_DIRS={tmp_path}\n")
    assert load_settings(given).image_dirs == (tmp_path,)


def test_image_dirs_are_split_like_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ART_MCP_IMAGE_DIRS", os.pathsep.join([str(tmp_path), str(tmp_path / "b"), ""]))
    assert load_settings().image_dirs == (tmp_path, tmp_path / "b")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ART_MCP_DISPLAY_SIZE", "7", "greater than or equal to 320"),
        ("ART_MCP_DISPLAY_SIZE", "large", "valid integer"),
        ("ART_MCP_IMAGE_DIRS", "pictures", "must be an absolute path"),
        ("ART_MCP_DATA_DIR", "data", "must be an absolute path"),
        ("ART_MCP_DATA_DIR", "~nobody-of-this-name/x", "refers to a home folder that does not exist"),
        ("ART_MCP_LOG_LEVEL", "LOUD", "'DEBUG'"),
        ("ART_MCP_HTTP_DIMENSIONS", "4001", "less than or equal to 4000"),
        ("ART_MCP_HTTP_DIALECT", "bedrock", "'openai'"),
        ("ART_MCP_HTTP_MODEL", "two words", "match pattern"),
        ("ART_MCP_HTTP_KEY_HEADER", "api key:", "match pattern"),
        ("ART_MCP_PUBLIC_URL", "http://art.example.org", "must begin with https://"),
        ("ART_MCP_PUBLIC_URL", "https://art.example.org/art", "without a path"),
        ("ART_MCP_PUBLIC_URL", "https://user:pass@art.example.org", "must be https://HOST"),
        ("ART_MCP_PUBLIC_URL", "art.example.org", "must be https://HOST"),
        ("ART_MCP_OIDC_ISSUER", "https://login.example.org", "ART_MCP_OIDC_ISSUER needs ART_MCP_PUBLIC_URL"),
        ("ART_MCP_OIDC_ISSUER", "http://login.example.org", "must begin with https://"),
        ("ART_MCP_OIDC_ISSUER", "https://login.example.org?x=1", "without a query"),
        ("ART_MCP_OIDC_ISSUER", "file:///etc", "must be https://HOST"),
        ("ART_MCP_OIDC_AUDIENCE", "art", "ART_MCP_OIDC_AUDIENCE needs ART_MCP_OIDC_ISSUER"),
        ("ART_MCP_OIDC_SCOPE_PREFIX", "two words", "match pattern"),
        ("ART_MCP_ANONYMOUS_READING", "true", "ART_MCP_ANONYMOUS_READING needs ART_MCP_PUBLIC_URL"),
    ],
)
def test_a_bad_value_is_named(name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings()
    assert said in str(caught.value)


def test_a_missing_env_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load_settings(tmp_path / "none.env")


def test_an_env_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.env").write_bytes(b"ART_MCP_DATA_DIR=\xff\xfe")
    with pytest.raises(SettingsError, match=r"bad\.env is not UTF-8"):
        load_settings(tmp_path / "bad.env")


def test_typing_errors_are_pointed_out() -> None:
    sentences = unknown_variables({"ART_MCP_DATADIR": "/x", "ART_MCP_ZZZ": "", "PATH": "", "ART_MCP_DATA_DIR": ""})
    assert sentences == [
        "ART_MCP_DATADIR is not a setting; did you mean ART_MCP_DATA_DIR?",
        "ART_MCP_ZZZ is not a setting.",
    ]


def test_typing_errors_in_files_are_pointed_out(tmp_path: Path) -> None:
    file = tmp_path / "my.env"
    file.write_text("ART_MCP_VISON=azure\nART_MCP_VISION=local\nOTHER=1\n")
    assert unknown_variables({}, [tmp_path / "none.env", file]) == [
        "ART_MCP_VISON is not a setting; did you mean ART_MCP_VISION?"
    ]


@pytest.mark.parametrize(
    ("given", "embeds_by"),
    [
        ({}, "local"),
        ({"http_url": "https://h/v1"}, "http"),
        ({"http_url": "https://h/v1", "azure_endpoint": "https://h"}, "azure"),
        ({"http_url": "https://h/v1", "azure_endpoint": "https://h", "vision": "http"}, "http"),
        ({"http_url": "https://h/v1", "vision": "local"}, "local"),
    ],
)
def test_what_embeds_pictures(given: dict[str, str], embeds_by: str) -> None:
    assert Settings(**given).embeds_by == embeds_by


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://Art.Example.org/", "https://art.example.org"),
        ("https://art.example.org:443", "https://art.example.org"),
        ("https://art.example.org:8443", "https://art.example.org:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_a_public_url_is_the_origin_that_a_browser_sends(given: str, url: str) -> None:
    assert Settings(public_url=given).public_url == url


def test_passwords_and_keys_are_not_shown() -> None:
    settings = Settings(database_url="postgresql://u:canary@h/d", azure_key="canary", http_key="canary")
    assert "canary" not in repr(settings) + str(settings)


def test_every_setting_is_explained_and_has_an_example() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description and field.examples, variable(name)


def test_a_short_secret_key_is_refused_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ART_MCP_SECRET_KEY", "s3cret" * 5)
    with pytest.raises(SettingsError, match="ART_MCP_SECRET_KEY: must have at least 32 characters") as refused:
        load_settings()
    assert "s3cret" not in str(refused.value)
    monkeypatch.setenv("ART_MCP_SECRET_KEY", "s3cret" * 6)
    assert "s3cret" not in repr(load_settings())


@pytest.mark.parametrize(
    ("key", "stateless", "expected"),
    [(None, None, False), ("k" * 32, None, True), ("k" * 32, False, False), (None, True, True)],
)
def test_servers_that_share_a_key_keep_no_sessions(key: str | None, stateless: bool | None, expected: bool) -> None:
    assert Settings(secret_key=key, stateless=stateless).is_stateless is expected
