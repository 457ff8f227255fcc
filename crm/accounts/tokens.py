"""Random tokens: the holder has the text, the database only its hash."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits as URL-safe text."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is kept of a token: SHA-256 in hexadecimal. A fast hash will do, the token is random."""
    return hashlib.sha256(token.encode()).hexdigest()


def account_key(email: str) -> str:
    """A stand-in for an address where the address itself should not be kept."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]
