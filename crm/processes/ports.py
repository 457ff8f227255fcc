"""TCP ports of this machine: a free one, and whether a wanted one is free."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"


class PortInUse(Exception):
    """Another program listens on the wanted port."""


def claim_port(wanted: int = 0) -> int:
    """The wanted port, or any free one for 0. Raises PortInUse; nothing stays bound."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port that only waits out old connections counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
            probe.listen()
        except OSError as error:
            raise PortInUse(
                f"Port {wanted} cannot be used ({error.strerror}). Another program may hold it: "
                f"stop that one or choose another port, such as PORT={wanted + 1}, or PORT=0 for any free one."
            ) from None
        return int(probe.getsockname()[1])
