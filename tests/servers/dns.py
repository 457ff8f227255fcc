"""A real name server for tests: it answers over UDP from a table, and says of all else that it does not exist."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Table = Mapping[tuple[str, str], list[str]]


def _answer(asked: bytes, table: Table) -> bytes:
    query = dns.message.from_wire(asked)
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    name, kind = query.question[0].name, query.question[0].rdtype
    host = name.to_text(omit_final_dot=True)
    rows = table.get((host, dns.rdatatype.to_text(kind)), [])
    if rows:
        response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *rows))
    elif not any(known == host for known, _kind in table):
        response.set_rcode(dns.rcode.NXDOMAIN)
    return response.to_wire()


@contextmanager
def name_server(table: Table) -> Iterator[int]:
    """Serve on a free port of this machine; the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]

        def serve() -> None:
            while True:
                asked, client = server.recvfrom(4096)
                if not asked:
                    return
                server.sendto(_answer(asked, table), client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield port
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", ("127.0.0.1", port))
            thread.join()
