"""Every ART_MCP_* variable, once, validated at start.

Values come from the environment, from `--env-file`, and from `.env` in the user's configuration folder, in
this order. A `.env` in the working folder is never read: a hostile workspace could own it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from art_mcp.errors import ArtMcpError

PREFIX = "ART_MCP_"
APP_NAME = "art-mcp"


class SettingsError(ArtMcpError):
    """A setting has a value that cannot be used."""


def user_env_file() -> Path:
    """The `.env` that is read without being asked for."""
    return platformdirs.user_config_path(APP_NAME, appauthor=False) / ".env"


def default_image_dirs() -> tuple[Path, ...]:
    """Where people keep pictures, and where local chat clients put what was attached to a chat."""
    try:
        home = Path.home()
    except RuntimeError:  # a container's user without a home
        return ()
    return (platformdirs.user_pictures_path(), home / ".cursor" / "projects", home / ".claude" / "image-cache")


class Settings(BaseSettings):
    """What a user can change; the field's description is what `.env.example` says about it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL 15 or newer with pgvector 0.7 or newer, instead of the embedded server. "
        "TLS is required and verified unless the host is this machine; add sslrootcert=FILE for a private "
        "authority, or sslmode=disable for a network that you trust.",
        examples=["postgresql://USER:PASSWORD@HOST:5432/DATABASE"],
    )
    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path(APP_NAME, appauthor=False),
        description="Where the embedded database keeps its data. Default: the user's data folder. PostgreSQL does "
        "not run as root, so for root the data is in /var/lib/art-mcp (in a container, make that the volume), in a "
        "folder of its own for each value of this setting.",
        examples=["/srv/art-mcp"],
    )
    image_dirs: Annotated[tuple[Path, ...], NoDecode] = Field(
        default_factory=default_image_dirs,
        description="Folders from which the tools may read pictures and collections, separated as in PATH "
        "(':' on Linux and macOS, ';' on Windows). Default: the user's Pictures folder and the folders where "
        "Cursor and Claude Code put pictures attached to a chat.",
        examples=["/home/me/Pictures:/srv/scans"],
    )
    display_size: int = Field(
        1024,
        ge=320,
        le=4096,
        description="Longest side in pixels of the picture that is kept for showing, of paintings that are "
        "loaded from then on.",
        examples=["2048"],
    )
    read_only: bool = Field(False, description="Leave out the tools that change collections.", examples=["true"])
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "WARNING", description="What is logged to stderr: DEBUG, INFO, WARNING or ERROR.", examples=["INFO"]
    )

    @field_validator("image_dirs", mode="before")
    @classmethod
    def _split_dirs(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(os.pathsep) if part.strip())
        return value

    @field_validator("data_dir", "image_dirs")
    @classmethod
    def _absolute(cls, value: Path | tuple[Path, ...]) -> Path | tuple[Path, ...]:
        if isinstance(value, tuple):
            return tuple(_absolute(folder) for folder in value)
        return _absolute(value)


def _absolute(folder: Path) -> Path:
    # A client starts the server in a folder of its own choice, so a relative path would mean chance.
    try:
        folder = folder.expanduser()
    except RuntimeError:
        raise ValueError("names a home folder that does not exist") from None
    if not folder.is_absolute():
        raise ValueError("must be an absolute path")
    return folder


def variable(field: str) -> str:
    """The environment variable of a field, e.g. `ART_MCP_DATA_DIR`."""
    return PREFIX + field.upper()


def load_settings(env_file: Path | None = None) -> Settings:
    """Read and check the settings.

    Args:
        env_file: a file of `NAME=value` lines that wins over the user's own `.env`.

    Raises:
        SettingsError: naming each variable that is wrong, never its value.
    """
    if env_file is not None and not env_file.is_file():
        raise SettingsError(f"There is no file {env_file}.", "Give --env-file the path of an existing file.")
    files = (user_env_file(), env_file) if env_file else (user_env_file(),)
    try:
        return Settings(_env_file=files, _env_file_encoding="utf-8")
    except ValidationError as error:
        wrong = "; ".join(
            f"{variable(str(e['loc'][0]))}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()
        )
        raise SettingsError(
            f"A setting has a value that cannot be used: {wrong}.",
            "Correct it in the environment, in your client's configuration or in the .env file.",
        ) from None
    except UnicodeDecodeError:
        raise SettingsError("The .env file is not UTF-8 text.", "Save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"The .env file cannot be read ({error.strerror}).", "Check its permissions.") from None


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each ART_MCP_* variable that no setting reads, so that a typing error is seen."""
    known = {variable(field) for field in Settings.model_fields}
    sentences = []
    for name in sorted(n for n in environ if n.startswith(PREFIX) and n not in known):
        near = difflib.get_close_matches(name, known, n=1)
        sentences.append(f"{name} is not a setting{f'; did you mean {near[0]}?' if near else '.'}")
    return sentences
