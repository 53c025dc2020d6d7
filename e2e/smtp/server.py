"""aiosmtpd as a mail server that misbehaves. Driven by crates/sim/tests/smtp.rs, which starts it, reads the port from
its first line, and stops it by closing its input.

    python server.py [KEY.pem CERT.pem]      with these it offers STARTTLS and wants it, and an account

What stands before the @ of the recipient says how a message fares. Each message that was taken is a line of JSON, as
Python's own parser of mail reads it.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import AuthResult, SMTP

ACCOUNT = (b"shop", b"secret of the shop")


def say(value):
    print(json.dumps(value), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        mode = address.split("@")[0]
        if mode == "nobody":
            return "550 5.1.1 no such mailbox"
        if mode == "greylisted":
            return "451 4.7.1 come back later"
        if mode == "cut":
            server.transport.abort()
            return "250 never said"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        mode = envelope.rcpt_tos[0].split("@")[0]
        if mode == "spam":
            return "554 5.7.1 not wanted"
        if mode == "full":
            return "452 4.3.1 no room"
        if mode == "cut-late":
            server.transport.abort()
            return "250 never said"
        if mode == "silent":
            await asyncio.sleep(30)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "body": body,
            "defects": [str(defect) for defect in message.defects],
            "encrypted": session.ssl is not None,
            "user": (session.auth_data or b"").decode(),
        })
        return "250 2.0.0 queued"


def authenticate(server, session, envelope, mechanism, data):
    if (data.login, data.password) == ACCOUNT:
        return AuthResult(success=True, auth_data=data.login)
    return AuthResult(success=False, handled=False)


async def main():
    options = {}
    if len(sys.argv) == 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[1])
        options = {
            "tls_context": context,
            "require_starttls": True,
            "authenticator": authenticate,
            "auth_required": True,
        }
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), hostname="mx.example", **options), "127.0.0.1", 0)
    say(server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
