"""Becomes another program that the kernel ends when its parent dies, so that a killed `ratify up` leaves no orphans.

Run by path, as `python -I -S tied.py PROGRAM ARGUMENT…`; other systems than Linux lack the call and go without.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2); it outlives the exec below


def main() -> None:
    """Replace this process by the program named on the command line."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - the command is ours, there is no shell to fool


if __name__ == "__main__":
    main()
