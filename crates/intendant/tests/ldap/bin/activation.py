#!/usr/bin/python3
import argparse
import sys

sys.path.insert(0, "../lib")
from directory import connect, ldap, name, payload, run, uid  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--active", type=int, choices=(0, 1), required=True)
active = parser.parse_args().active


def activate(conf):
    word = "enabled" if active else "disabled"
    dn = name(conf, uid(payload()))
    connect(conf).modify_s(dn, [(ldap.MOD_REPLACE, "description", [word.encode()])])
    return f"Identity {word}"


run(activate)
