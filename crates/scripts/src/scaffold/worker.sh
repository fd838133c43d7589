#!/bin/sh
# Does what is asked of it. See ../config.yml for what calls it, and intendant.sh for how.

answer() { printf '{"status": %d, "message": "%s"}\n' "$1" "$2"; }

handle() {
    request=$(cat)
    case "$INTENDANT_ACTION" in
    PING_TARGET)
        # Replace this by a look at the target: is it there?
        answer 0 'I am alive'
        ;;
    *)
        # Replace this by the real work. A later attempt of the same job has the same INTENDANT_JOB_ID and a higher
        # INTENDANT_ATTEMPT: what was done already must not be done twice.
        # What is written to standard error is kept with the job; a line that begins with INFO: goes to the hub's log.
        echo "INFO: $INTENDANT_ACTION came with ${#request} characters" >&2
        answer 0 'nothing is done yet: write the work into bin/main.sh'
        ;;
    esac
}

. ./intendant.sh
