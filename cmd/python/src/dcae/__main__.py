"""The program itself: ``python -m dcae``, and the command ``dcae``."""

import os
import subprocess
import sys

from ._program import Error, program


def main() -> int:
    """Calls the program with this process' arguments, and returns its exit code."""
    try:
        command = [program(), *sys.argv[1:]]
    except Error as e:
        print(f"dcae: {e}", file=sys.stderr)
        return 1
    if sys.platform != "win32":
        os.execv(command[0], command)
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:  # the program has had it, too
        return 1


if __name__ == "__main__":
    sys.exit(main())
