"""The sites of all open schools: read only, below /RNE/. What is open is looked up on disk, so a restart opens them all."""

import base64
import hmac
import html
import json
import socket
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ROWS = 50


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self):
        # The next process may start before the last one is gone.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


def serve(listen, home):
    """Begins to answer."""
    host, _, port = listen.rpartition(":")
    handler = type("Handler", (Site,), {"home": home})
    server = Server((host, int(port)), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def count(home):
    return sum(1 for folder in home.iterdir() if (school(home, folder.name) or {}).get("open"))


def school(home, rne):
    if not (len(rne) == 8 and rne.isascii() and rne.isalnum()):
        return None
    try:
        return json.loads((home / rne / "school.json").read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None


class Site(BaseHTTPRequestHandler):
    server_version = "library"
    sys_version = ""
    timeout = 30
    home = None

    def do_GET(self):
        target = urlsplit(self.path)
        rne, _, rest = target.path.lstrip("/").partition("/")
        known = school(self.home, rne)
        if known is None or not known.get("open"):
            return self.answer(404, "text/plain", "There is no open library here.\n")
        query = parse_qs(target.query).get("q", [""])[0][:200]
        if rest == "":
            return self.answer(200, "text/html", page(rne, known, query, self.find(rne, query)))
        if rest == "api/titles":
            if not self.may(rne, known):
                return self.answer(401, "text/plain", "Say the reader and the password.\n")
            found = [{"title": title, "author": author} for title, author in self.find(rne, query)]
            return self.answer(200, "application/json", json.dumps({"griffe": known["griffe"], "titles": found}))
        return self.answer(404, "text/plain", "There is no such page.\n")

    do_HEAD = do_GET

    def find(self, rne, query):
        base = sqlite3.connect(f"file:{self.home / rne / 'catalogue.db'}?mode=ro", uri=True)
        try:
            like = "%" + query.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            wanted = "select title, author from title where title like ? escape '\\' or author like ? escape '\\' order by title limit ?"
            return base.execute(wanted, (like, like, ROWS)).fetchall()
        finally:
            base.close()

    def may(self, rne, known):
        said = self.headers.get("Authorization", "")
        wanted = "Basic " + base64.b64encode(f"{rne}:{known['password']}".encode()).decode()
        return hmac.compare_digest(said.encode(), wanted.encode())

    def answer(self, status, kind, text):
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="library"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_):
        pass


def page(rne, known, query, found):
    rows = "".join(f"<li><b>{html.escape(title)}</b> {html.escape(author)}</li>" for title, author in found)
    return f"""<!doctype html><html lang="fr"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{html.escape(known["griffe"])}</title>
<style>body{{font:1rem/1.5 system-ui;max-width:40rem;margin:2rem auto;padding:0 1rem}}input{{font:inherit;width:60%}}</style>
<h1>{html.escape(known["griffe"])}</h1><p>{rne} · {known.get("titles", 0)} titres</p>
<form><label>Chercher <input name="q" value="{html.escape(query, quote=True)}"></label> <button>OK</button></form>
<ol>{rows}</ol></html>"""
