#!/usr/bin/python3
import sys

sys.path.insert(0, "../lib")
from directory import connect, name, payload, run  # noqa: E402


def reset(conf):
    said = payload()
    connect(conf).passwd_s(name(conf, said["uid"]), None, said["newPassword"])
    return f"Password for {said['uid']} changed"


run(reset)
