# What every end-to-end, interoperability and house test stands on. Source it first:
#
#	. "$(dirname "$0")/../lib.sh"
#
# It sets $MTLS (the program, absolute), $SOURCE (the top of the tree) and makes and enters an empty
# folder $T, removed at exit. At exit everything started through it is stopped, by process id.
#
#	check "what" COMMAND...          COMMAND succeeds
#	refuse CODE "text" COMMAND...    COMMAND exits with CODE and says "text" on stderr; a server that
#	                                 starts instead is stopped at once
#	by_python "what" [ARG...] <<END  the Python program on standard input succeeds; it may import raw.py
#	same A B                         two files are equal, byte for byte
#	holds FILE "text"                FILE contains the text;   lacks FILE "text": it does not
#	json_is FILE "expression"        a Python expression over the object `j` in FILE is true
#	need PROGRAM PACKAGE             the test needs PROGRAM, which PACKAGE brings
#	unable "reason"                  skips the test: no package would help
#	serve ARG...                     mtls serve on a free port; sets $PORT, $SERVER_PID, $URL;
#	                                 stdout and stderr go to $T/server.log
#	says "text" [FILE]               waits until the server's log (or FILE) contains the text
#	serve_stop                       stops that server with SIGTERM; its exit code is in $SERVER_EXIT
#	serve_ends                       the same where it ends by itself
#	until_so "what" COMMAND...       tries COMMAND until it succeeds, as long as that server runs
#	spawn NAME "text" COMMAND...     starts any other server, waits until its output (in
#	                                 $T/NAME.log) contains the text, sets $SPAWN_PID
#	stop PID                         stops a spawned process, and waits for it
#	free_port                        prints a port of 127.0.0.1 that was free a moment ago
#
# After check and refuse, $OUT and $ERR name files with what the command wrote. A failed check is
# printed and counted and the test goes on; any other command that fails ends it (set -e). A test
# that checked nothing has failed. Exit codes: 0 passed, 1 failed, 77 skipped.
set -eu

SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
MTLS=${MTLS:-$SOURCE/build/mtls}
case $MTLS in /*) ;; *) MTLS=$PWD/$MTLS ;; esac
# The programs built for the tests (await) stand beside the program under test.
TOOLS=${MTLS_TOOLS:-$(dirname "$MTLS")/tests/tools}
TEST=$(basename "$0")
# How long an event may take before the test gives up on it: generous, as nothing waits for it to pass.
DEADLINE_S=${DEADLINE_S:-60}

T=$(mktemp -d "${TMPDIR:-/tmp}/mtls-$TEST.XXXXXX")
T=$(cd "$T" && pwd -P)
OUT=$T/.out ERR=$T/.err
PIDS='' SERVER_PID='' CHECKS=0 FAILURES=0
cd "$T"
# Nothing from the caller's surroundings may change what is tested.
unset MTLS_CERTS MTLS_CONFIG MTLS_CONTROL MTLS_METRICS MTLS_ACCESS_LOG MTLS_SANDBOX MTLS_USER
unset MTLS_SERVER_HOST MTLS_SERVER_PORT
unset SSL_CERT_FILE SSL_CERT_DIR OPENSSL_CONF http_proxy https_proxy HTTPS_PROXY ALL_PROXY all_proxy
# With it Python writes a line word by word, and whoever waits for its beginning reads on too early.
unset PYTHONUNBUFFERED
export LC_ALL=C.UTF-8 TZ=UTC0
# Servers of one test stand in one folder, and keep nothing there unless the test is about that.
export MTLS_STORE=memory

finish() {
	status=$?
	trap - EXIT
	set +e
	for pid in $PIDS; do
		kill "$pid" 2>/dev/null
	done
	for pid in $PIDS; do
		wait "$pid" 2>/dev/null
	done
	cd /
	if [ "$status" -eq 77 ]; then
		:
	elif [ "$status" -ne 0 ]; then
		echo "not ok - $TEST ended early, after $CHECKS checks (exit $status)"
		show_logs
		status=1
	elif [ "$CHECKS" -eq 0 ]; then
		echo "not ok - $TEST checked nothing"
		status=1
	elif [ "$FAILURES" -ne 0 ]; then
		echo "# $TEST: $FAILURES of $CHECKS checks failed"
		show_logs
		status=1
	fi
	if [ -n "${MTLS_KEEP:-}" ]; then
		echo "# kept: $T"
	else
		rm -rf "$T"
	fi
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The last lines of each log, for whoever reads why a test failed.
show_logs() {
	for log in "$T"/*.log; do
		[ -s "$log" ] || continue
		echo "# the end of $(basename "$log"):"
		tail -n 20 "$log" | sed 's/^/#   /'
	done
}

ok() {
	CHECKS=$((CHECKS + 1))
	echo "ok - $1"
}

# not_ok WHAT EXPECTED SEEN
not_ok() {
	CHECKS=$((CHECKS + 1))
	FAILURES=$((FAILURES + 1))
	printf 'not ok - %s\n#   expected: %s\n#   seen:     %s\n' "$1" "$2" "$3"
}

show_output() {
	[ ! -s "$OUT" ] || tail -n 20 "$OUT" | sed 's/^/#   stdout: /'
	[ ! -s "$ERR" ] || tail -n 20 "$ERR" | sed 's/^/#   stderr: /'
}

# run COMMAND...: its exit code in $STATUS, its output in $OUT and $ERR
run() {
	STATUS=0
	"$@" >"$OUT" 2>"$ERR" || STATUS=$?
}

# The same for a server that is not to start: it ends, or says that it listens and is ended.
run_server() {
	STATUS=0
	: >"$ERR"
	{ "$@" >"$OUT" 2>>"$ERR" <&3 3<&- & } 3<&0
	others=$PIDS PIDS="$PIDS $!"
	await "$ERR" ' on https://' $! || :
	kill -KILL $! 2>/dev/null || :
	wait $! || STATUS=$?
	PIDS=$others
}

check() {
	what=$1
	shift
	run "$@"
	if [ "$STATUS" -eq 0 ]; then
		ok "$what"
	else
		not_ok "$what" "exit 0 from: $*" "exit $STATUS"
		show_output
	fi
}

refuse() {
	code=$1 text=$2
	shift 2
	case "$* " in
	*"$MTLS serve "*) run_server "$@" ;;
	*) run "$@" ;;
	esac
	if [ "$STATUS" -eq "$code" ] && grep -qF -e "$text" "$ERR"; then
		ok "refused: $text"
	else
		not_ok "refused: $text" "exit $code and '$text' on stderr from: $*" "exit $STATUS"
		show_output
	fi
}

by_python() {
	what=$1
	shift
	check "$what" env PYTHONPATH="$SOURCE/tests" /usr/bin/python3 - "$@"
}

same() {
	if cmp -s "$1" "$2"; then
		ok "$1 is the same as $2"
	else
		not_ok "$1 is the same as $2" "no difference" "$(diff -u "$1" "$2" 2>&1 | head -n 20)"
	fi
}

holds() {
	if grep -qF -e "$2" "$1"; then
		ok "$1 holds: $2"
	else
		not_ok "$1 holds: $2" "$2" "$(tail -n 20 "$1" 2>&1)"
	fi
}

lacks() {
	if [ ! -e "$1" ]; then
		not_ok "$1 lacks: $2" "a file" "no file $1"
	elif grep -qF -e "$2" "$1"; then
		not_ok "$1 lacks: $2" "no such line" "$(grep -F -e "$2" "$1" | head -n 5)"
	else
		ok "$1 lacks: $2"
	fi
}

# json_is FILE EXPRESSION: a Python expression over the object `j`
json_is() {
	if /usr/bin/python3 -c 'import json, sys
j = json.load(open(sys.argv[1]))
sys.exit(not eval(sys.argv[2]))' "$1" "$2"; then
		ok "$2"
	else
		not_ok "$2" true "$(head -c 2000 "$1")"
	fi
}

# With MTLS_CHECK=all, as in ./dev check, nothing may be skipped.
skip() {
	if [ "${MTLS_CHECK:-}" = all ]; then
		not_ok "$TEST can run" "$1" "missing"
		exit 1
	fi
	echo "skipped: $1"
	exit 77
}

# What this machine cannot do at all (other than lacking a package), ./dev check has to live with.
unable() {
	echo "skipped: $1"
	exit 77
}

need() {
	command -v "$1" >/dev/null 2>&1 || [ -x "$1" ] || skip "$1 is missing; the package $2 brings it"
}

# await FILE TEXT PID: 1 when the deadline passes, 3 when the process ends without saying it
await() {
	"$TOOLS/await" "$DEADLINE_S" "$1" "$2" "$3"
}

spawn() {
	name=$1 text=$2
	shift 2
	: >"$T/$name.log"
	"$@" >>"$T/$name.log" 2>&1 </dev/null &
	SPAWN_PID=$!
	PIDS="$PIDS $SPAWN_PID"
	if ! await "$T/$name.log" "$text" "$SPAWN_PID"; then
		not_ok "$name starts" "'$text' within $DEADLINE_S s from: $*" "no such line"
		exit 1
	fi
}

serve() {
	case " $* " in
	*' --listen'*) ;;
	*) set -- --listen 127.0.0.1:0 "$@" ;;
	esac
	spawn server ' on https://' "$MTLS" serve "$@"
	SERVER_PID=$SPAWN_PID
	PORT=$(sed -n 's|.* on https://[^ ]*:\([0-9][0-9]*\).*|\1|p' "$T/server.log" | head -n 1)
	URL=https://127.0.0.1:$PORT
}

# Its own lines begin after $1 has ended: a process that was asked to stop and did.
stop() {
	kill "$1" 2>/dev/null || :
	ends "$1"
}

# Whoever has not ended by the deadline is ended, which its exit code (137) tells.
ends() {
	STOP_EXIT=0
	await /dev/null 'its end' "$1" || :
	kill -KILL "$1" 2>/dev/null || :
	wait "$1" 2>/dev/null || STOP_EXIT=$?
	left=''
	for pid in $PIDS; do
		[ "$pid" = "$1" ] || left="$left $pid"
	done
	PIDS=$left
}

serve_stop() {
	stop "$SERVER_PID"
	SERVER_EXIT=$STOP_EXIT
	SERVER_PID=''
}

serve_ends() {
	ends "$SERVER_PID"
	SERVER_EXIT=$STOP_EXIT
	SERVER_PID=''
}

until_so() {
	what=$1
	shift
	limit=$(($(date +%s) + DEADLINE_S)) ended=0
	until "$@"; do
		# Tried once more behind its end, so that a last deed is not missed.
		if [ "$ended" -eq 3 ] || [ "$(date +%s)" -gt "$limit" ]; then
			not_ok "$what" "success of: $*" "none, and $([ "$ended" -eq 3 ] && echo the server has ended || echo "$DEADLINE_S s are over")"
			exit 1
		fi
		ended=0
		"$TOOLS/await" 0 /dev/null 'its end' "${SERVER_PID:-$$}" || ended=$?
	done
	ok "$what"
}

says() {
	log=${2:-$T/server.log}
	if await "$log" "$1" "${SERVER_PID:-$$}"; then
		ok "$(basename "$log") says: $1"
	else
		not_ok "$(basename "$log") says: $1" "$1" "$(tail -n 10 "$log")"
	fi
}

free_port() {
	/usr/bin/python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# What runs other programs more than ours has nothing to show to sanitizers: it says "# sanitizers: no".
case $MTLS in
*asan/*) ! grep -q '^# sanitizers: no' "$0" || unable "other programs are at work here" ;;
esac
