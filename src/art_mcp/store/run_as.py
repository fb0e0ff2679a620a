"""Become another user, then another program: `python run_as.py UID GID PROGRAM [ARGUMENT ...]`, as root.

`subprocess` does the same with its `user`, but only by a plain fork, and a fork is not safe in a process that computes:
OpenBLAS stops its threads before each fork, so a product of matrices that is being computed in another thread hangs or
comes out wrong. Without `user`, `subprocess` uses vfork, which stops nothing.
"""

import os
import sys

FAILED = 126
"""The exit status when the program could not be started; stderr says why."""


def main(uid: str, gid: str, *command: str) -> None:
    try:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
        os.execv(command[0], command)  # noqa: S606 - to become that program is the point
    except OSError as error:
        sys.stderr.write(f"{error.strerror}\n")
        os._exit(FAILED)


if __name__ == "__main__":
    main(*sys.argv[1:])
