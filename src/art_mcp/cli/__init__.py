"""The command `art-mcp`: its shared options, and how it reports errors.

Each subcommand is a module, which is imported only when it is run or listed.
"""

from __future__ import annotations

import gc
import io
import logging
import os
import sys
from importlib import import_module
from keyword import iskeyword
from pathlib import Path

import click

from art_mcp import logs
from art_mcp.errors import ArtMcpError, first_error
from art_mcp.settings import ENV_FILE, env_files, load_settings, unknown_variables

COMMANDS = (
    *("serve", "setup", "ingest", "search", "gallery", "list", "duplicates", "remove", "reembed", "models", "export"),
    *("import", "evaluate", "doctor", "demo", "token"),
)
"""The subcommands, each with a module and a function of its name, or of its name and `_` if Python reserves it."""


class Subcommands(click.Group):
    """Imports the module of a subcommand on first use, so that a server does not wait for those of the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _subcommand(cmd_name) if cmd_name in COMMANDS else None


def _subcommand(name: str) -> click.Command:
    module = f"{name}_" if iskeyword(name) else name
    try:
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), module)
    finally:
        gc.freeze()
        gc.enable()  # `__main__` has disabled it
    return command


@click.group(cls=Subcommands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="art-mcp", message="%(prog)s %(version)s")
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    envvar=ENV_FILE,
    show_envvar=True,
    help="Also read settings from this file, which overrides the user's .env.",
)
@click.pass_context
def cli(ctx: click.Context, env_file: Path | None) -> None:
    """Find paintings by words, by a picture, or by both.

    Without a command, it serves MCP over stdio, as chat clients and IDEs start it.
    """
    ctx.obj = settings = load_settings(env_file)
    logs.set_up(settings.log_level, settings.log_format)
    logging.getLogger("asyncpg").setLevel(
        logging.ERROR
    )  # it logs a lost server with a traceback; we report that ourselves
    for sentence in unknown_variables(os.environ, env_files(env_file)):
        logging.getLogger("art_mcp").warning(sentence)
    if ctx.invoked_subcommand is None:
        ctx.invoke(_subcommand("serve"))


def main() -> None:
    """Run the command. Errors are printed as a sentence, never as a traceback."""
    if sys.platform == "win32":
        write_utf_8(sys.stdout)
    try:
        if sys.argv[1:2] in ([], ["serve"]):
            _subcommand("serve")  # within click's calls, Python maps and unmaps stack memory twice as often
        status = cli(standalone_mode=False)
    except BaseException as raised:
        match first_error(raised):
            case click.ClickException() as error:
                error.show()
                status = error.exit_code
            case ArtMcpError() as error:
                status = _say(error.on_command_line, 1)
            case click.Abort() | KeyboardInterrupt():
                status = _say(
                    "stopped. `art-mcp ingest --resume` continues loading, `art-mcp reembed` re-embedding, and "
                    "`art-mcp models pull` a download.",
                    130,
                )
            case Exception() as error:
                logging.getLogger("art_mcp").debug("Unexpected", exc_info=error)
                what = type(error).__name__
                hint = "Set ART_MCP_LOG_LEVEL=DEBUG for details."
                status = _say(f"failed unexpectedly ({what}). {hint}", 1)
            case _:
                raise
    sys.exit(status)


def write_utf_8(stream: object) -> None:
    """Make a file or pipe take every character, as a console does: Windows would give it those of one code page."""
    if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
        stream.reconfigure(encoding="utf-8")


def _say(sentence: str, status: int) -> int:
    if logs.is_json():
        logs.notices.error(sentence)
    else:
        click.echo(f"art-mcp: {sentence}", err=True)
    return status
