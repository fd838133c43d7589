"""A relay that takes mail over STARTTLS with a password only. Prints its port, then each mail as JSON, as Python's own
library reads it. `refuse@` as a recipient is refused for good, `later@` for now."""

import asyncio
import base64
import json
import ssl
import sys
from email import message_from_bytes, policy

CERTIFICATE, KEY, USER, PASSWORD = sys.argv[1:5]


async def serve(reader, writer):
    encrypted, known, to = False, False, []

    async def say(line):
        writer.write(line.encode() + b"\r\n")
        await writer.drain()

    await say("220 relay ready")
    while line := await reader.readline():
        words = line.decode().strip()
        verb = words.split(" ")[0].upper()
        if verb in ("EHLO", "HELO"):
            more = "250-AUTH PLAIN\r\n" if encrypted else "250-STARTTLS\r\n"
            await say(f"250-relay\r\n{more}250 8BITMIME")
        elif verb == "STARTTLS":
            await say("220 go on")
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(CERTIFICATE, KEY)
            await writer.start_tls(context)
            encrypted = True
        elif not encrypted and verb not in ("QUIT", "NOOP", "RSET"):
            await say("530 Must issue a STARTTLS command first")
        elif verb == "AUTH":
            said = base64.b64decode(words.split(" ")[2]).split(b"\0")
            known = said[1:] == [USER.encode(), PASSWORD.encode()]
            await say("235 welcome" if known else "535 wrong")
        elif verb == "MAIL":
            to = []
            await say("250 ok" if known else "530 who are you")
        elif verb == "RCPT":
            refused = {"refuse@": "550 no such user", "later@": "451 later"}
            answer = next((said for word, said in refused.items() if word in words), "250 ok")
            if answer.startswith("250"):
                to.append(words.split("<")[1].split(">")[0])
            await say(answer)
        elif verb == "DATA":
            await say("354 go on")
            content = b""
            while (line := await reader.readline()) not in (b".\r\n", b""):
                content += line[1:] if line.startswith(b"..") else line
            mail = message_from_bytes(content, policy=policy.default)
            parts = [mail, *mail.walk()]
            body = mail.get_body(("plain",))
            print(json.dumps({
                "to": to, "id": mail["Message-ID"], "subject": mail["Subject"], "from": mail["From"],
                "text": body.get_content() if body else None,
                "html": (html := mail.get_body(("html",))) and html.get_content(),
                "headers": {name: str(value) for name, value in mail.items()},
                "defects": [str(defect) for part in parts for defect in part.defects]
                + [str(defect) for value in mail.values() for defect in getattr(value, "defects", ())],
            }), flush=True)
            await say("250 taken")
        elif verb == "QUIT":
            await say("221 bye")
            break
        else:
            await say("250 ok")
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
