"""What the DNS says of the domains our mails name: who sends for them, who signs, what becomes of forgeries."""

from __future__ import annotations

from collections.abc import Sequence

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

_PATIENCE = 5.0


class DnsSilent(Exception):
    """The name service gave no answer, so nothing is known."""


class Records:
    """Questions to the name service, by default the one of this machine; `servers` and `port` name another."""

    def __init__(self, servers: Sequence[str] = (), port: int = 53) -> None:
        try:
            self._resolver = dns.resolver.Resolver(configure=not servers)
        except dns.resolver.NoResolverConfiguration as error:
            raise DnsSilent(str(error)) from error
        if servers:
            self._resolver.nameservers = list(servers)
            self._resolver.port = port
        self._resolver.lifetime = _PATIENCE

    def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> dns.resolver.Answer | None:
        try:
            return self._resolver.resolve(name, kind)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except dns.exception.DNSException as error:
            raise DnsSilent(str(error)) from error

    def texts(self, name: str) -> list[str]:
        """The TXT records of a name, each in one piece. Raises DnsSilent."""
        return [b"".join(row.strings).decode("utf-8", "replace") for row in self._ask(name, dns.rdatatype.TXT) or ()]

    def takes_mail(self, domain: str) -> bool:
        """Whether mail to the domain has somewhere to go (RFC 5321 5.1, RFC 7505). Raises DnsSilent."""
        exchanges = self._ask(domain, dns.rdatatype.MX)
        if exchanges is not None:
            return any(row.exchange != dns.name.root for row in exchanges)
        return bool(self._ask(domain, dns.rdatatype.A) or self._ask(domain, dns.rdatatype.AAAA))

    def spf(self, domain: str) -> list[str]:
        """The domain's sender policies (RFC 7208): one is right, more are as bad as none. Raises DnsSilent."""
        return [text for text in self.texts(domain) if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]

    def dmarc(self, domain: str) -> str | None:
        """The policy (RFC 7489) of the domain, or of the one it belongs to; None where there is none.

        Raises DnsSilent.
        """
        labels = domain.split(".")
        for start in range(max(1, len(labels) - 1)):
            found = [text for text in self.texts("_dmarc." + ".".join(labels[start:])) if text.startswith("v=DMARC1")]
            if found:
                return found[0]
        return None

    def signing_key(self, name: str) -> str | None:
        """The public key of a DKIM record, in base64; None where there is no record. Raises DnsSilent."""
        for text in self.texts(name):
            tags = dict(tag.strip().split("=", 1) for tag in text.split(";") if "=" in tag)
            if "p" in tags:
                return "".join(tags["p"].split())
        return None
