#!/usr/bin/env python3
"""A small library server for each school: a folder, a catalogue made from what the school uploads, a site for its readers.

One process does all of it. It stays (see `mode: worker` in config.yml), answers what the hub asks, and serves the sites of
all open schools below LIBRARY_URL. When it starts it opens all of them again: whatever counts is on disk.

    LIBRARY_HOME/RNE/school.json    what is known of the school, and whether it is open
    LIBRARY_HOME/RNE/databases/     what it has uploaded, as it came
    LIBRARY_HOME/RNE/catalogue.db   the titles in it (SQLite)
"""

import json
import os
import secrets
import shutil
import sys
from pathlib import Path

import catalogue
import site_of_schools
from intendant import run

HOME = Path(os.environ.get("LIBRARY_HOME", "../var")).resolve()
LISTEN = os.environ.get("LIBRARY_LISTEN", "127.0.0.1:8475")
URL = os.environ.get("LIBRARY_URL", f"http://{LISTEN}").rstrip("/")
# A pause in each step, for demonstrations: an empty school is mounted in no time.
SLOWLY = float(os.environ.get("LIBRARY_SLOWLY", "0"))


class School:
    """One school, as its folder has it."""

    def __init__(self, rne):
        if not (len(rne) == 8 and rne.isascii() and rne.isalnum()):
            raise ValueError(f"{rne!r} is no school's number")
        self.rne = rne
        self.folder = HOME / rne
        self.databases = self.folder / "databases"
        self.catalogue = self.folder / "catalogue.db"

    def said(self):
        try:
            return json.loads((self.folder / "school.json").read_text())
        except FileNotFoundError:
            return None

    def say(self, **members):
        """Keeps what is known: whole, or not at all."""
        known = {**(self.said() or {}), **members}
        self.folder.mkdir(parents=True, exist_ok=True)
        write(self.folder / "school.json", json.dumps(known, ensure_ascii=False).encode())
        return known

    def of(self, establishment):
        """What is kept of an establishment: the licence code goes to nobody."""
        known = {name: establishment[name] for name in ("griffe", "version", "generation")}
        return {**known, "licensed": bool(establishment.get("code"))}


def write(path, content):
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def create(school, payload, _):
    pause()
    known = school.said() or {}
    password = known.get("password") or secrets.token_urlsafe(12)
    school.say(**school.of(payload["establishment"]), password=password, open=False)
    return {"message": "the server is installed"}


def mount(school, payload, progress):
    uploads = payload["uploads"]
    if not uploads:
        return {"status": 1, "message": "there are no databases to mount"}
    school.say(open=False)
    fresh = school.folder / "databases.part"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    whole = sum(upload["size"] for upload in uploads) or 1
    copied = 0
    for number, upload in enumerate(uploads):
        # Names are the schools' own: two may be the same but for capitals.
        place = fresh / f"{number:02}"
        for size in catalogue.copy(upload, place):
            copied += size
            progress(done=copied, of=2 * whole, message=f"copying {upload['name']}")
        pause()
    made = school.folder / "catalogue.db.part"
    files = [(fresh / f"{number:02}", upload["name"]) for number, upload in enumerate(uploads)]
    titles = catalogue.build(made, files, lambda read: progress(done=whole + min(read, whole), of=2 * whole, message="reading the titles"))
    if titles == 0:
        return {"status": 1, "message": f"no title was found in {uploads[0]['name']}: is it the right file?"}
    shutil.rmtree(school.databases, ignore_errors=True)
    os.replace(fresh, school.databases)
    os.replace(made, school.catalogue)
    school.say(names=[upload["name"] for upload in uploads], titles=titles)
    return {"message": f"{titles} titles are mounted", "data": {"eta_seconds": 2 + round(SLOWLY)}}


def open_to_readers(school, _, progress):
    progress(done=0, of=1, message="opening", eta_seconds=1 + round(SLOWLY))
    pause()
    if not school.catalogue.exists():
        return {"status": 1, "message": "no databases are mounted"}
    known = school.say(open=True)
    return {"message": "the server is open", "data": {"connection": connection(school, known)}}


def alter(school, payload, _):
    pause()
    known = school.say(**school.of(payload["establishment"]))
    return {"message": "changed", "data": {"connection": connection(school, known)} if known.get("open") else {}}


def delete(school, payload, progress):
    folder = Path(payload["export_dir"])
    folder.mkdir(parents=True, exist_ok=True)
    known = school.said() or {}
    names = known.get("names", [])
    exported = []
    for number, name in enumerate(names):
        place = school.databases / f"{number:02}"
        if place.exists():
            # Exported as it came, under a name that no other has.
            target = folder / f"{number + 1:02}-{Path(name).name}"
            shutil.copyfile(place, target)
            exported.append({"path": target.name, "name": target.name})
        progress(done=number + 1, of=len(names) + 1, message=f"exporting {name}")
    if school.catalogue.exists():
        target = folder / f"{school.rne}-catalogue.db"
        shutil.copyfile(school.catalogue, target)
        exported.append({"path": target.name, "name": target.name})
    if not exported:
        # Asked once more after the folder was removed: what was exported is still there.
        exported = [{"path": path.name, "name": path.name} for path in sorted(folder.iterdir()) if path.is_file()]
    for path in folder.iterdir():
        flush(path)
    flush(folder)
    pause()
    shutil.rmtree(school.folder, ignore_errors=True)
    return {"message": f"{len(exported)} files were exported", "data": {"downloads": exported}}


def flush(path):
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def connection(school, known):
    host, _, port = LISTEN.rpartition(":")
    rows = [
        {"label": "Reader", "value": school.rne},
        {"label": "Password", "value": known["password"], "secret": True},
        {"label": "Licence", "value": known["griffe"]},
    ]
    return {"url": f"{URL}/{school.rne}/", "host": host, "port": int(port), "rows": rows}


def pause():
    if SLOWLY:
        import time

        time.sleep(SLOWLY)


WORK = {
    "HOSTING_CREATE": create,
    "HOSTING_MOUNT": mount,
    "HOSTING_OPEN": open_to_readers,
    "HOSTING_ALTER": alter,
    "HOSTING_DELETE": delete,
}


def handle(request):
    if request["action"] == "PING_TARGET":
        return {"message": f"{site_of_schools.count(HOME)} schools are open at {URL}"}
    document = request["document"]
    school = School(document["concernedTo"])
    try:
        return WORK[request["action"]](school, document["payload"], request["progress"])
    except catalogue.Refused as refused:
        return {"status": 1, "message": str(refused)}
    except OSError as error:
        # A full disk, a file that is not there yet: later it may work.
        return {"status": 1, "retry": True, "message": f"{error.strerror}: {error.filename}"}


if __name__ == "__main__":
    HOME.mkdir(parents=True, exist_ok=True)
    if "INTENDANT_WORKER" in os.environ:
        site_of_schools.serve(LISTEN, HOME)
        print(f"INFO: {site_of_schools.count(HOME)} schools are open at {URL}", file=sys.stderr, flush=True)
    run(handle)
