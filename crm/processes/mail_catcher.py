"""A local SMTP server that keeps every letter in a Maildir and delivers none.

Run by path, as `python -I mail_catcher.py PORT MAILDIR`, so that it starts without building the app.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

# Larger than any letter the product sends; attachments of a report fit.
MAXIMUM_BYTES = 32 * 1024 * 1024


async def catch(port: int, folder: Path) -> None:
    """Serve until SIGTERM. X-MailFrom and X-RcptTo keep the envelope in each caught letter."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    handler = Mailbox(folder)
    server = await loop.create_server(
        lambda: SMTP(
            handler, data_size_limit=MAXIMUM_BYTES, enable_SMTPUTF8=True, hostname="catcher.ratify.example", loop=loop
        ),
        host="127.0.0.1",
        port=port,
    )
    # aiosmtpd logs every line of a dialogue: a mailing would drown the rest of the output.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    async with server:
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(catch(int(sys.argv[1]), Path(sys.argv[2])))
