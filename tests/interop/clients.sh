# Other makers' clients against `mtls serve`: what each of their scripts shares. Source it behind
# lib.sh. The script defines
#
#	call VERSION     one GET of https://$HOST:$PORT/todo on TLS 1.2 or 1.3, with $CERT and $KEY
#	                 ('' for none), trusting $CA
#
# and gives its table to `clients`, a row a case:
#
#	case | what the client says on TLS 1.2 | and on TLS 1.3 | what our server records
#
# "." repeats the text for TLS 1.2. The record is a code (the server refused), `alert N` (the client
# refused, and our server received that alert), `closed` (the client left without an alert, and no
# request was served) or `served`. A client's exit code alone proves nothing, so both are asserted.
# In the cases server-* the server is at fault; everywhere else it is the one of the good case.

# Good and broken certificates by our own program: certs/ as init makes them, lab/ as the lab does.
"$MTLS" demo --key-type ec:P-256 "$T/made" >"$T/made.log" 2>&1 || {
	not_ok "the certificates are made" "exit 0 from mtls demo" "$(tail -n 5 "$T/made.log")"
	exit 1
}

CA=$T/made/certs/ca.crt HOST=127.0.0.1 CERT='' KEY='' SERVING=''

choose() {
	case $1 in
	no-client-certificate) CERT='' ;;
	client-revoked) CERT=$T/made/certs/client-revoked.crt ;;
	client-*) CERT=$T/made/lab/$1.crt ;;
	*) CERT=$T/made/certs/client.crt ;;
	esac
	KEY=${CERT:+${CERT%.crt}.key}
	case $1 in
	server-*) wanted=$T/made/lab/$1.crt ;;
	*) wanted=$T/made/certs/server.crt ;;
	esac
	if [ "$SERVING" != "$wanted" ]; then
		[ -z "$SERVER_PID" ] || serve_stop
		serve --log json --certs "$T/made/certs" --crl "$T/made/certs/ca.crl" --cert "$wanted"
		SERVING=$wanted
	fi
}

# recorded WHAT: what our server wrote about this one connection
recorded() {
	case $1 in
	served) event='"event":"request"' text='"status":200' ;;
	closed)
		serve_stop
		SERVING=''
		lacks "$T/server.log" '"event":"request"'
		return
		;;
	'alert '*) event='"event":"handshake-failed"' text='"alert-received":{"number":'${1#alert }, ;;
	*) event='"event":"handshake-failed"' text='"code":"'$1'"' ;;
	esac
	await "$T/server.log" "$event" "$SERVER_PID" || :
	holds "$T/server.log" "$text"
}

# one CASE VERSION TEXT RECORD
one() {
	choose "$1"
	: >"$T/server.log"
	run call "$2"
	if grep -qF -e "$3" "$OUT" "$ERR"; then
		ok "$1 on TLS $2: $3"
	else
		not_ok "$1 on TLS $2" "$3" "exit $STATUS"
		show_output
	fi
	recorded "$4"
}

clients() {
	while IFS='|' read -r case_name text12 text13 record; do
		case_name=$(echo $case_name) record=$(echo $record)
		text12=$(printf %s "$text12" | sed 's/^ *//; s/ *$//')
		text13=$(printf %s "$text13" | sed 's/^ *//; s/ *$//')
		[ "$text13" != . ] || text13=$text12
		case $case_name in '' | '#'*) continue ;; esac
		one "$case_name" 1.2 "$text12" "$record"
		one "$case_name" 1.3 "$text13" "$record"
	done
}
