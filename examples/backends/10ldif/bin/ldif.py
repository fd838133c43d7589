#!/usr/bin/env python3
"""Appends one LDIF change record for the identity on standard input; `ldapmodify -f` takes the file.

It needs only Python's standard library. A later attempt of the same job finds the record of the earlier one, and
writes none.
"""

import argparse
import base64
import hashlib
import itertools
import json
import os
import pathlib
import sys

FILE = pathlib.Path(os.environ.get("LDIF_FILE", "../state/changes.ldif"))
BASE = os.environ.get("LDIF_BASE", "ou=people,dc=example,dc=org")
ATTRIBUTES = ["cn", "sn", "givenName", "displayName", "mail", "mobile", "employeeNumber", "employeeType"]
EX_TEMPFAIL = 75


class Refused(Exception):
    """The document is not as it must be: trying again is of no use."""


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--active", choices=["0", "1"])
    active = arguments.parse_args().active
    action = os.environ.get("INTENDANT_ACTION", "IDENTITY_UPDATE")
    try:
        if action == "PING_TARGET":
            FILE.parent.mkdir(parents=True, exist_ok=True)
            writable = os.access(FILE.parent, os.W_OK)
            answer(0 if writable else 1, f"{FILE.name} can{'' if writable else 'not'} be written")
            return
        payload = json.load(sys.stdin).get("payload") or {}
        person = identity(payload)
        name = account(payload, person)
        record = change(action, active, name, payload, person)
        new = append(record, os.environ.get("INTENDANT_JOB_ID"))
        answer(0, f"Entry {dn(name)} {record[1].split(': ')[1] if new else 'was recorded already'}")
    except Refused as reason:
        answer(1, str(reason))
    except OSError as reason:
        # A full disk or a missing permission may be cured by the time of the next attempt.
        answer(1, f"{FILE}: {reason.strerror}")
        sys.exit(EX_TEMPFAIL)


def identity(payload):
    """The identity, in each of the three shapes in which it comes."""
    wrapped = payload.get("identity")
    if isinstance(wrapped, dict):
        return wrapped.get("identity", wrapped)
    return payload.get("after") or payload


def account(payload, person):
    name = payload.get("uid") or person.get("inetOrgPerson", {}).get("uid")
    if not name:
        raise Refused("the identity has no inetOrgPerson.uid")
    return name


def change(action, active, name, payload, person):
    """The record, without the empty line that ends it."""
    head = [line("dn", dn(name))]
    if action == "IDENTITY_DELETE":
        return head + ["changetype: delete"]
    if active is not None:
        kind = "active" if active == "1" else "inactive"
        return head + ["changetype: modify", "replace: employeeType", line("employeeType", kind)]
    if action.startswith("IDENTITY_PASSWORD"):
        return head + ["changetype: modify", "replace: userPassword", line("userPassword", hashed(payload))]
    members = person.get("inetOrgPerson", {})
    values = {attribute: text(members.get(attribute)) for attribute in ATTRIBUTES}
    if exists(head[0]):
        record = head + ["changetype: modify"]
        for attribute, value in values.items():
            record += [f"replace: {attribute}"] + ([line(attribute, value)] if value else []) + ["-"]
        return record
    attributes = [line(attribute, value) for attribute, value in values.items() if value]
    return head + ["changetype: add", "objectClass: inetOrgPerson", line("uid", name)] + attributes


def hashed(payload):
    """A salted hash: the password itself is never written."""
    password = payload.get("newPassword")
    if not password:
        raise Refused("the request has no newPassword")
    salt = os.urandom(16)
    digest = hashlib.sha512(password.encode() + salt).digest()
    return "{SSHA512}" + base64.b64encode(digest + salt).decode()


def text(value):
    """A member as text; the orchestrator sends some as a list."""
    if isinstance(value, list):
        value = value[0] if value else ""
    return "" if value is None else str(value)


def dn(name):
    escaped = "".join("\\" + letter if letter in ',+"\\<>;=' else letter for letter in name)
    return f"uid={escaped},{BASE}"


def line(attribute, value):
    """RFC 2849: what is not plain ASCII, or begins or ends oddly, is written in base64."""
    plain = value.isascii() and value.isprintable() and value.strip() == value and value[:1] not in ":<"
    return f"{attribute}: {value}" if plain else f"{attribute}:: {base64.b64encode(value.encode()).decode()}"


def recorded():
    """The lines that are in the file so far."""
    return FILE.read_text().splitlines() if FILE.exists() else []


def exists(entry):
    """Whether the file leaves the entry in being."""
    there = False
    for before, after in itertools.pairwise(recorded()):
        if before == entry:
            there = after != "changetype: delete"
    return there


def append(record, job):
    """Adds a record, durably, unless an earlier attempt of the same job did. Says whether it was added."""
    mark = [f"# job {job}"] if job else []
    if mark and mark[0] in recorded():
        return False
    FILE.parent.mkdir(parents=True, exist_ok=True)
    with FILE.open("a") as file:
        file.write("\n".join(mark + record) + "\n\n")
        file.flush()
        os.fsync(file.fileno())
    return True


def answer(status, message):
    print(json.dumps({"status": status, "message": message}))


main()
