# Lets one handler serve Intendant both ways: run once for each job, or kept and asked again and again where config.yml
# says `mode: worker`. Put this file beside the handler, in bin/, and read it in at the handler's end:
#
#     handle() {
#         document=$(cat)
#         case "$INTENDANT_ACTION" in
#         PING_TARGET) echo '{"status": 0, "message": "I am alive"}' ;;
#         *) progress '{"done": 1, "of": 2}'; echo '{"status": 0, "message": "done"}' ;;
#         esac
#     }
#     . ./intendant.sh
#
# `handle` reads the document on its standard input and prints one JSON object, its answer, and nothing else. Lines on
# standard error that begin with INFO: (DEBUG:, WARN:, ERROR:) go to the hub's log, the rest is kept with the job.

# The value of a member that is a text or a number, from a line that begins with the members before `document`.
_member() {
    _rest=${_line#*\"$1\":}
    _rest=${_rest%%,\"*}
    _rest=${_rest#\"}
    printf '%s' "${_rest%\"}"
}

# An answer in one line; without one, what `handle` ended with is the status.
_answer() {
    _ended=0
    _said=$(handle) || _ended=$?
    case "$_said" in
    '{"'*'}') printf '%s\n' "$_said" | tr '\n' ' ' ;;
    *)
        [ -z "$_said" ] || printf '%s\n' "$_said" >&2
        [ "$_ended" != 75 ] && printf '{"status":%d}' "$_ended" || printf '{"status":75,"retry":true}'
        ;;
    esac
}

if [ -z "${INTENDANT_WORKER-}" ]; then
    progress() { printf 'PROGRESS: %s\n' "$1" >&2; }
    _answer
else
    progress() { printf '{"id":"%s","progress":%s}\n' "$_id" "$1" >&4; }
    exec 3<&0 4>&1 </dev/null >&2
    echo '{"ready":1}' >&4
    while IFS= read -r _line <&3; do
        _id=$(_member id)
        INTENDANT_ACTION=$(_member action)
        INTENDANT_JOB_ID=$(_member job)
        INTENDANT_ATTEMPT=$(_member attempt)
        export INTENDANT_ACTION INTENDANT_JOB_ID INTENDANT_ATTEMPT
        _document=${_line#*,\"document\":}
        _answered=$(printf '%s\n' "${_document%\}}" | _answer)
        printf '{"id":"%s",%s\n' "$_id" "${_answered#\{}" >&4
    done
fi
