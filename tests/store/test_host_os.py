"""What differs between systems, tried with the rules of another one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from art_mcp.store import host_os


def test_windows_waits_for_whoever_reads_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename, refusals = Path.rename, iter([PermissionError(13, "in use")] * 3)

    def refusing(folder: Path, name: Path) -> Path:
        for refusal in refusals:
            raise refusal
        return rename(folder, name)

    monkeypatch.setattr(Path, "rename", refusing)
    (tmp_path / "unfinished").mkdir()
    with pytest.raises(PermissionError):
        host_os.rename(tmp_path / "unfinished", tmp_path / "data")
    monkeypatch.setattr(host_os, "WINDOWS", True)
    host_os.rename(tmp_path / "unfinished", tmp_path / "data")
    assert (tmp_path / "data").is_dir()


def test_on_windows_the_user_gets_a_folder_from_a_program_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in for icacls writes down how it was called."""
    program = tmp_path / "System32" / "icacls.exe"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said\n')
    program.chmod(0o700)
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "win32")
        host_os.give(tmp_path / "data", {})
    assert (tmp_path / "said").read_text() == f"{tmp_path}/data /grant {psutil.Process().username()}:(OI)(CI)F\n"


def test_processes_are_found_by_another_spelling_of_their_folder(tmp_path: Path) -> None:
    """macOS links /tmp and /var to /private, which is what a process says of itself."""
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    program = tmp_path / "postgres"
    program.symlink_to(sys.executable)
    # The process is named after the link that it is started by.
    code = "import os, time; os.chdir('data'); print('ready', flush=True); time.sleep(600)"
    with subprocess.Popen([program, "-I", "-S", "-c", code], cwd=tmp_path, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"ready\n"
        host_os.kill_processes_in(tmp_path / "link" / "data")
        assert process.wait(60) != 0
