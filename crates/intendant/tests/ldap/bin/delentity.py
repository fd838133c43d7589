#!/usr/bin/python3
import sys

sys.path.insert(0, "../lib")
from directory import connect, name, payload, run, uid  # noqa: E402


def delete(conf):
    dn = name(conf, uid(payload()))
    connect(conf).delete_s(dn)
    return f"user : {dn} deleted"


run(delete)
