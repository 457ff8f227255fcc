"""A mail server that reads letters as fast as they come, keeps none, and refuses one recipient in fifty.

`python -m benchmarks.sink PORT` serves until it is ended.
"""

from __future__ import annotations

import asyncio
import sys

from crm.processes.ports import HOST

_REFUSED_EVERY = 50


async def _talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    recipients, accepted = 0, False
    writer.write(b"220 sink\r\n")
    while line := await reader.readline():
        verb = line[:4].upper()
        if verb == b"EHLO":
            writer.write(b"250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING\r\n")
        elif verb == b"RCPT":
            recipients += 1
            accepted = recipients % _REFUSED_EVERY != 0
            writer.write(b"250 ok\r\n" if accepted else b"550 5.1.1 no such user\r\n")
        elif verb == b"DATA" and not accepted:
            # Commands come together (RFC 2920): this one was sent before the refusal was read.
            writer.write(b"554 5.5.1 no recipient\r\n")
        elif verb == b"DATA":
            accepted = False
            writer.write(b"354 go on\r\n")
            try:
                await reader.readuntil(b"\r\n.\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):  # a worker that was stopped
                break
            writer.write(b"250 taken\r\n")
        elif verb == b"QUIT":
            writer.write(b"221 bye\r\n")
            break
        else:
            writer.write(b"250 ok\r\n")
    writer.close()


async def serve(port: int) -> None:
    """Serve for ever on this machine."""
    # A letter is read whole.
    server = await asyncio.start_server(_talk, HOST, port, limit=64 * 1024 * 1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
