"""Lets one handler serve Intendant both ways: run once for each job, or kept and asked again and again where config.yml
says `mode: worker`. Put this file beside the handler, in bin/:

    from intendant import run

    def handle(request):
        if request["action"] == "PING_TARGET":
            return {"status": 0, "message": "I am alive"}
        request["progress"](done=1, of=2, message="half way")
        return {"status": 0, "message": "done", "data": {"saw": request["document"]["concernedTo"]}}

    run(handle)

What the handler prints goes to standard error: lines that begin with INFO: (DEBUG:, WARN:, ERROR:) go to the hub's log,
the rest is kept with the job. An exception is an answer with status 1.
"""

import json
import os
import sys
import traceback


def run(handle):
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the handler and its children print is no answer

    def say(members):
        answers.write(json.dumps(members) + "\n")
        answers.flush()

    if "INTENDANT_WORKER" not in os.environ:
        say(_answer(handle, _of_script()))
        return
    lines = os.fdopen(os.dup(0), encoding="utf-8", newline="\n")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # nor do they read requests
    say({"ready": 1})
    for line in lines:
        request = json.loads(line)
        request["progress"] = lambda **said: say({"id": request["id"], "progress": said})
        say({"id": request["id"], **_answer(handle, request)})


def _answer(handle, request):
    try:
        answer = {"status": 0, **(handle(request) or {})}
    except Exception as error:
        traceback.print_exc()
        answer = {"status": 1, "message": f"{type(error).__name__}: {error}"}
    sys.stdout.flush()
    return answer


def _of_script():
    return {
        "action": os.environ.get("INTENDANT_ACTION", ""),
        "job": os.environ.get("INTENDANT_JOB_ID", ""),
        "attempt": int(os.environ.get("INTENDANT_ATTEMPT", "1")),
        "run": os.environ.get("INTENDANT_RUN", ""),
        "document": json.load(sys.stdin),
        "progress": lambda **said: print("PROGRESS:", json.dumps(said), file=sys.stderr, flush=True),
    }
