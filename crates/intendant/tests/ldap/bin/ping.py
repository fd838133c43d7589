#!/usr/bin/python3
import sys

sys.path.insert(0, "../lib")
from directory import connect, run  # noqa: E402


def ping(conf):
    connect(conf)
    return "I m alive"


run(ping)
