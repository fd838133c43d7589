"""What the scripts of this backend share. Every path starts from the working folder: the backend's own bin."""

import json
import sys

import ldap
import ldap.modlist

DONE, REFUSED, CONNECTION, CREDENTIALS = 0, 1, 4, 16


def settings():
    with open("../etc/config.conf", encoding="utf-8") as lines:
        pairs = [line.strip().split("=", 1) for line in lines if "=" in line]
    return {key.strip().lower(): value.strip() for key, value in pairs}


def answer(status, message):
    print(json.dumps({"status": status, "message": message}))
    sys.exit(status)


def payload():
    return json.load(sys.stdin)["payload"]


def identity(said):
    """The identity, in whichever of its shapes it comes."""
    wrapped = said.get("identity")
    if isinstance(wrapped, dict):
        return wrapped.get("identity", wrapped)
    return said.get("after", said)


def uid(said):
    person = identity(said)
    return person.get("inetOrgPerson", person)["uid"]


def name(conf, account):
    return f"uid={account},{conf['userbase']}"


def connect(conf, who=None, password=None):
    directory = ldap.initialize(conf["host"])
    directory.simple_bind_s(who or conf["dn"], password or conf["password"])
    return directory


def run(work):
    """Does the work and says how it went."""
    try:
        answer(DONE, work(settings()))
    except ldap.SERVER_DOWN:
        answer(CONNECTION, "the directory does not answer")
    except ldap.INVALID_CREDENTIALS:
        answer(CREDENTIALS, "wrong password")
    except ldap.LDAPError as error:
        said = error.args[0]
        answer(REFUSED, said.get("info") or said["desc"])
