#!/usr/bin/python3
import sys

sys.path.insert(0, "../lib")
from directory import connect, name, payload, run  # noqa: E402


def change(conf):
    said = payload()
    dn = name(conf, said["uid"])
    connect(conf, dn, said["oldPassword"])
    connect(conf).passwd_s(dn, None, said["newPassword"])
    return f"Password for {said['uid']} changed"


run(change)
