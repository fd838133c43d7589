#!/usr/bin/python3
import sys

sys.path.insert(0, "../lib")
from directory import connect, identity, ldap, name, payload, run  # noqa: E402


def upsert(conf):
    person = identity(payload())["inetOrgPerson"]
    entry = {key: [str(value).encode()] for key, value in person.items() if value != ""}
    entry["objectClass"] = [b"inetOrgPerson"]
    directory, dn = connect(conf), name(conf, person["uid"])
    try:
        directory.add_s(dn, ldap.modlist.addModlist(entry))
        return f"Entree {dn} add"
    except ldap.ALREADY_EXISTS:
        known = directory.search_s(dn, ldap.SCOPE_BASE)[0][1]
        directory.modify_s(dn, ldap.modlist.modifyModlist(known, entry, ignore_attr_types=["userPassword", "description"]))
        return f"Entree {dn} mod"


run(upsert)
