"""Create `.venv` and install the project into it, for `demo` and `test`. Needs only Python."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)


def install(*groups: str, lowest: bool = False) -> Path:
    """Install the project and dependency groups; does nothing if they are installed and pyproject.toml is unchanged.

    Args:
        groups: names from [dependency-groups] in pyproject.toml.
        lowest: install the oldest versions that pyproject.toml allows, into `.venv-lowest` (needs uv).

    Returns:
        The folder with the environment's programs.
    """
    if sys.version_info < OLDEST:
        sys.exit(f"art-mcp needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}.")
    folder = ROOT / (".venv-lowest" if lowest else ".venv")
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = programs / ("python.exe" if os.name == "nt" else "python")
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    stamps = [stamp for stamp in folder.glob("installed-*") if stamp.read_text() == wanted]
    if python.exists() and any(set(groups) <= set(stamp.name.split("-")[1:]) for stamp in stamps):
        return programs
    print(f"Installing into {folder.name} (about a minute, once) ...", file=sys.stderr, flush=True)
    uv = shutil.which("uv")
    if lowest and not uv:
        sys.exit("--lowest needs uv: https://docs.astral.sh/uv/")
    try:
        if not python.exists():
            venv.create(folder, with_pip=not uv, symlinks=os.name != "nt")
        chosen = [option for group in groups for option in ("--group", group)]
        if uv:
            resolution = ["--resolution", "lowest-direct"] if lowest else []
            _run([uv, "pip", "install", "--compile-bytecode", "--python", str(python), *resolution, "-e", ".", *chosen])
        else:
            pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install"]
            if groups:
                _run_pip([*pip, "--upgrade", "pip>=25.1"])  # the first version with --group
            _run_pip([*pip, "-e", ".", *chosen])
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(
            f"Installation failed: {error}\n"
            "Check the network and, on Debian and Ubuntu, that python3-venv is installed. Then try again."
        )
    (folder / f"installed-{'-'.join(groups) or 'only'}").write_text(wanted)
    return programs


def _run(command: list[str]) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def _run_pip(command: list[str]) -> None:
    """Run pip and show its progress in a single line; show the last 30 lines if it fails."""
    said = []
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            said.append(line)
            if line.startswith(("Collecting", "Building", "Installing")) and sys.stderr.isatty():
                print(f"\r\033[K  {' '.join(line.split()[:2])}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    if pip.returncode:
        sys.stderr.writelines(said[-30:])
        raise subprocess.CalledProcessError(pip.returncode, command[1:4])
