# Our clients against other makers' servers: what each of those scripts shares. Source it behind
# lib.sh. The script defines
#
#	start CERT KEY     starts its server on loopback with that certificate, trusting $MADE/certs/ca.crt
#	                   (and ca.crl where it can), and sets PORT and SPAWN_PID
#
# and gives its table to `servers`, a row a case:
#
#	case | exit code | what `mtls request` says on TLS 1.2 | and on TLS 1.3
#
# "." repeats the text for TLS 1.2. Where the exit code is 0 the text is part of the response. In the
# cases server-* the server is at fault; everywhere else it is the one of the good case.

# Good and broken certificates by our own program: certs/ as init makes them, lab/ as the lab does.
MADE=$T/made
"$MTLS" demo --key-type ec:P-256 "$MADE" >"$T/made.log" 2>&1 || {
	not_ok "the certificates are made" "exit 0 from mtls demo" "$(tail -n 5 "$T/made.log")"
	exit 1
}
export MTLS_CERTS="$MADE/certs"

HOST=localhost URLPATH=/ STARTED=''

# started CASE: a server with the certificate of that case, the running one if it has it
started() {
	case $1 in
	server-*) wanted=$MADE/lab/$1.crt ;;
	*) wanted=$MADE/certs/server.crt ;;
	esac
	[ "$STARTED" != "$wanted" ] || return 0
	[ -z "$STARTED" ] || stop "$SPAWN_PID"
	start "$wanted" "${wanted%.crt}.key"
	STARTED=$wanted
}

# ours CASE VERSION: one request with the certificate of that case
ours() {
	case $1 in
	no-client-certificate) set -- "$2" --no-cert ;;
	client-revoked) set -- "$2" --cert "$MADE/certs/client-revoked.crt" ;;
	client-*) set -- "$2" --cert "$MADE/lab/$1.crt" ;;
	*) set -- "$2" ;;
	esac
	version=$1
	shift
	"$MTLS" request --tls-min "$version" --tls-max "$version" "$@" "https://$HOST:$PORT$URLPATH"
}

# one CASE EXIT VERSION TEXT
one() {
	started "$1"
	if [ "$2" -ne 0 ]; then
		refuse "$2" "$4" ours "$1" "$3"
	else
		check "$1 on TLS $3" ours "$1" "$3"
		holds "$OUT" "$4"
	fi
}

servers() {
	sed -e 's/ *| */|/g' -e 's/ *$//' >"$T/table"
	while IFS='|' read -r scenario exit text12 text13; do
		[ "$text13" != . ] || text13=$text12
		one "$scenario" "$exit" 1.2 "$text12"
		one "$scenario" "$exit" 1.3 "$text13"
	done <"$T/table"
}

# late COUNT ARG...: on TLS 1.3 the refusal comes after our handshake, and may race with a reset. It
# is a refusal each time, also while a body is being sent.
late() {
	count=$1 lost=0
	shift
	started good
	for _ in $(seq "$count"); do
		run "$MTLS" request --no-cert --tls-min 1.3 "$@" "https://$HOST:$PORT$URLPATH"
		if [ "$STATUS" -ne 1 ] || ! grep -qF '[no-client-certificate]' "$ERR"; then
			lost=$((lost + 1))
			cp "$ERR" "$T/lost"
		fi
	done
	if [ "$lost" -eq 0 ]; then
		ok "$count refusals, none of them lost: $*"
	else
		not_ok "$count refusals, none of them lost: $*" 'no-client-certificate each time' \
			"$lost others, the last: $(cat "$T/lost")"
	fi
}
