"""Switch to another user and run a program: `python run_as.py UID GID PROGRAM [ARGUMENT ...]`, as root.

`subprocess` has a `user` argument for this, but then uses a plain fork, which is not safe while other threads compute:
OpenBLAS stops its threads before each fork, so a matrix product in another thread hangs or returns wrong numbers.
Without `user`, `subprocess` uses vfork, which leaves the threads alone.
"""

import os
import sys

FAILED = 126
"""Exit status if the program could not be started; stderr says why."""


def main(uid: str, gid: str, *command: str) -> None:
    try:
        if sys.platform != "win32":
            os.setgroups([])
            os.setgid(int(gid))
            os.setuid(int(uid))
        os.execv(command[0], command)  # noqa: S606 - replacing this process is intended
    except OSError as error:
        sys.stderr.write(f"{error.strerror}\n")
        os._exit(FAILED)


if __name__ == "__main__":
    main(*sys.argv[1:])
