"""What goes on at the sandbox's door: the switches of its sign-in, and the key that its app verifies JWTs with."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from connectors.sandbox.database import Database
from overlap.errors import RecordError


class Door:
    """The part of a `Store` that is about signing in."""

    database: Database

    def expire_tokens_at(self, request: int, again: bool = False) -> None:
        """End every session just before the *request*-th signed-in call from now, and with *again* at every such one.

        Calls whose token is refused count too.
        """
        self.database.keep("expiry", {"left": request, "every": request if again else 0})

    def refuse_tokens(self, refuse: bool) -> None:
        """While set, tokens are given out and then refused, as by a session policy of the org."""
        self.database.keep("tokens_refused", refuse)

    def set_instance_url(self, url: str | None) -> None:
        """Name *url* as the address of the org to whoever signs in; None is the My Domain."""
        self.database.keep("instance_url", url)

    def register_key(self, pem: str) -> None:
        """Take the certificate, or the public key, that the app's JWTs are to be signed for.

        Raises:
            RecordError: it is neither, or no RSA key.
        """
        public_key(pem)
        self.database.keep("app_key", pem)

    def rotate_refresh_tokens(self, rotate: bool) -> None:
        """While set, each use of a refresh token gives a new one; the second use of one ends them all."""
        self.database.keep("rotation", rotate)

    def deny_authorization(self, deny: bool) -> None:
        """While set, the person at the browser says no."""
        self.database.keep("authorization_denied", deny)

    def count_to_expiry(self) -> None:
        """Count one signed-in call, and end every session if it is the one of `expire_tokens_at`."""
        expiry = self.database.setting("expiry")
        if not expiry:
            return
        left = expiry["left"] - 1
        self.database.keep("expiry", {**expiry, "left": left or expiry["every"]} if left or expiry["every"] else None)
        if not left:
            self.database.rows("delete from token")


def public_key(pem: str) -> RSAPublicKey:
    """Return the RSA key in *pem*, a certificate or a bare public key.

    Raises:
        RecordError: it is neither, or another kind of key.
    """
    try:
        content = pem.encode()
        certificate = b"BEGIN CERTIFICATE" in content
        key = load_pem_x509_certificate(content).public_key() if certificate else load_pem_public_key(content)
    except ValueError as error:
        raise RecordError(
            "this is no certificate and no public key in PEM; Salesforce takes the certificate"
        ) from error
    if not isinstance(key, RSAPublicKey):
        raise RecordError("this is no RSA key, which RS256 needs")
    return key
