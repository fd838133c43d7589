"""What schools upload becomes a catalogue: one row for each title.

Text (.txt, .csv: one title a line, columns by tabulator or semicolon), XML (each element that has a title), SQLite files,
and archives (.zip) of these. Databases of another make are kept whole, and listed as what they are.
"""

import hashlib
import io
import sqlite3
import zipfile
from xml.etree import ElementTree

PIECE = 1 << 20
# What an archive says of its size may be wrong: no more than this is unpacked, whatever it says.
UNPACKED = 4 << 30
# A line without an end is no title.
LINE = 64 << 10
TITLES = 5_000_000


class Refused(Exception):
    """The school has to look at what it uploaded."""


def copy(upload, place):
    """Copies a file, and makes sure that it is the one that was uploaded. Yields how much at a time."""
    sum_, size = hashlib.sha256(), 0
    with open(upload["path"], "rb") as source, open(place, "wb") as target:
        while piece := source.read(PIECE):
            sum_.update(piece)
            size += len(piece)
            target.write(piece)
            yield len(piece)
        target.flush()
        import os

        os.fsync(target.fileno())
    if sum_.hexdigest() != upload["sha256"] or size != upload["size"]:
        raise Refused(f"{upload['name']} is not what was uploaded: please upload it again")


def build(path, files, progress):
    """Makes the catalogue of these files (place, name); how many titles there are."""
    path.unlink(missing_ok=True)
    base = sqlite3.connect(path)
    try:
        base.execute("pragma journal_mode = off")
        base.execute("create table title (id integer primary key, source text not null, title text not null, author text not null)")
        count, read = 0, 0
        for place, name in files:
            for title, author, size in titles(place, name):
                read += size
                base.execute("insert into title (source, title, author) values (?, ?, ?)", (name, title, author))
                count += 1
                if count > TITLES:
                    raise Refused(f"there are more than {TITLES} titles in it")
                if count % 10_000 == 0:
                    progress(read)
        base.execute("create index by_title on title (title collate nocase)")
        base.commit()
    finally:
        base.close()
    with open(path, "rb+") as file:
        import os

        os.fsync(file.fileno())
    return count


def titles(place, name):
    with open(place, "rb") as file:
        yield from titles_in(file, name, Budget(), place)


class Budget:
    """What may still be unpacked."""

    def __init__(self):
        self.left = UNPACKED

    def take(self, size, name):
        self.left -= size
        if self.left < 0:
            raise Refused(f"{name} becomes larger than {UNPACKED >> 30} GiB when it is unpacked")


def titles_in(file, name, budget, place=None):
    kind = name.rsplit(".", 1)[-1].lower()
    head = file.peek(16)[:16] if hasattr(file, "peek") else b""
    if kind == "zip":
        if place is None:
            return  # archives in archives are not entered
        try:
            archive = zipfile.ZipFile(file)
        except zipfile.BadZipFile as error:
            raise Refused(f"{name} is no archive that can be opened: {error}") from error
        for entry in archive.infolist():
            if not entry.is_dir():
                try:
                    with archive.open(entry) as inner:
                        yield from titles_in(io.BufferedReader(inner), entry.filename, budget)
                except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
                    raise Refused(f"{entry.filename} in {name} cannot be unpacked: {error}") from error
    elif place is not None and head.startswith(b"SQLite format 3\0"):
        yield from titles_of_sqlite(place, name)
    elif kind in ("txt", "csv"):
        yield from titles_of_text(file, name, budget)
    elif kind == "xml":
        yield from titles_of_xml(file, name, budget)
    else:
        size = sum(len(piece) for piece in pieces(file, name, budget))
        yield f"{name} ({size} bytes)", "", size


def pieces(file, name, budget):
    while piece := file.read(PIECE):
        budget.take(len(piece), name)
        yield piece


def titles_of_text(file, name, budget):
    while line := file.readline(LINE):
        budget.take(len(line), name)
        text = decoded(line).strip("\ufeff\r\n ")
        if text:
            columns = text.split("\t" if "\t" in text else ";")
            yield columns[0].strip()[:500], (columns[1].strip()[:200] if len(columns) > 1 else ""), len(line)


def decoded(line):
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


class Counted:
    """A file that says how much of it was read."""

    def __init__(self, file, name, budget):
        self.file, self.name, self.budget = file, name, budget

    def read(self, size=-1):
        piece = self.file.read(PIECE if size < 0 else size)
        self.budget.take(len(piece), self.name)
        if b"<!ENTITY" in piece:
            raise Refused(f"{self.name} defines entities, which are not read")
        return piece


def titles_of_xml(file, name, budget):
    try:
        for _, element in ElementTree.iterparse(Counted(file, name, budget)):
            tag = element.tag.rsplit("}", 1)[-1].lower()
            if tag in ("record", "notice", "book", "document"):
                found = {child.tag.rsplit("}", 1)[-1].lower(): (child.text or "").strip() for child in element}
                title = found.get("title") or found.get("titre")
                if title:
                    yield title[:500], (found.get("author") or found.get("auteur") or "")[:200], len(title)
                element.clear()
    except ElementTree.ParseError as error:
        raise Refused(f"{name} is no XML that can be read: {error}") from error


def titles_of_sqlite(place, name):
    base = sqlite3.connect(f"file:{place}?mode=ro", uri=True)
    try:
        tables = [row[0] for row in base.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            columns = [row[1] for row in base.execute(f'pragma table_info("{table.replace(chr(34), chr(34) * 2)}")')]
            column = next((one for one in columns if one.lower() in ("title", "titre")), None)
            author = next((one for one in columns if one.lower() in ("author", "auteur")), None)
            if column:
                quoted = lambda text: '"' + text.replace('"', '""') + '"'
                wanted = f"select {quoted(column)}, {quoted(author) if author else repr('')} from {quoted(table)}"
                for title, by in base.execute(wanted):
                    if title:
                        yield str(title)[:500], str(by or "")[:200], len(str(title))
    except sqlite3.DatabaseError as error:
        raise Refused(f"{name} is damaged: {error}") from error
    finally:
        base.close()
