#!/usr/bin/env python3
"""Asks a school's library server: library-client.py URL [TEXT], with the password on standard input."""

import base64
import json
import sys
import urllib.error
import urllib.parse
import urllib.request


def main():
    if not 2 <= len(sys.argv) <= 3:
        return __doc__
    url = sys.argv[1].rstrip("/")
    text = sys.argv[2] if len(sys.argv) == 3 else ""
    reader = url.rsplit("/", 1)[-1]
    password = sys.stdin.readline().rstrip("\n")
    request = urllib.request.Request(f"{url}/api/titles?{urllib.parse.urlencode({'q': text})}")
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{reader}:{password}".encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        return "the password is wrong" if error.code == 401 else f"the server answers {error.code}"
    except OSError as error:
        return f"the server does not answer: {error}"
    print(found["griffe"])
    for title in found["titles"]:
        print(f"  {title['title']}  {title['author']}")
    return None


if __name__ == "__main__":
    sys.exit(main())
