# A PostgreSQL for tests: a cluster in the test's folder, on a port of its own, that lets in nobody
# without a certificate of certs/ca.crt for the user's name. Source it behind lib.sh and certs.sh.
#
#	postgres_make            makes the cluster; needs certs/ca.*, sets $DATABASE for --store
#	postgres_start           starts it and waits until it answers; sets $POSTGRES (a process id)
#	postgres_stop [SIGNAL]   ends it at once (QUIT)
#	sql COMMAND              runs it as the cluster's owner, through its socket
#
# As root it runs as the user nobody: PostgreSQL refuses to run as root.
POSTGRES_BIN=''
for folder in /usr/lib/postgresql/*/bin /usr/bin /usr/local/bin /opt/homebrew/bin; do
	[ ! -x "$folder/initdb" ] || POSTGRES_BIN=$folder
done
[ -n "$POSTGRES_BIN" ] || skip "initdb is missing; the package postgresql brings it"

as_owner() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
	else
		"$@"
	fi
}

postgres_make() {
	# shellcheck disable=SC2086 # lists of words
	{
		SUBJECT=localhost make_leaf postgres ca $SERVER subjectAltName=DNS:localhost,IP:127.0.0.1
		make_leaf keeper ca $CLIENT
		make_leaf stranger ca $CLIENT
	}
	mkdir -m 755 postgres
	cp certs/ca.crt certs/postgres.crt certs/postgres.key postgres/
	[ "$(id -u)" -ne 0 ] || { chmod 711 "$T"; chown -R nobody:nogroup postgres; }
	as_owner "$POSTGRES_BIN/initdb" -D "$T/postgres/data" -U owner -A trust -E UTF8 --locale=C -N >initdb.txt 2>&1
	POSTGRES_PORT=$(free_port)
	cat >>postgres/data/postgresql.conf <<-END
		listen_addresses = '127.0.0.1'
		port = $POSTGRES_PORT
		unix_socket_directories = '$T/postgres'
		ssl = on
		ssl_ca_file = '$T/postgres/ca.crt'
		ssl_cert_file = '$T/postgres/postgres.crt'
		ssl_key_file = '$T/postgres/postgres.key'
		max_connections = 30
		shared_buffers = 8MB
	END
	cat >postgres/data/pg_hba.conf <<-END
		local   all all trust
		hostssl all all 127.0.0.1/32 cert clientcert=verify-full
	END
	DATABASE="postgresql://keeper@localhost:$POSTGRES_PORT/todo?hostaddr=127.0.0.1&sslrootcert=$T/certs/ca.crt"
	DATABASE="$DATABASE&sslcert=$T/certs/keeper.crt&sslkey=$T/certs/keeper.key"
	postgres_start
	sql 'CREATE ROLE keeper LOGIN' postgres
	sql 'CREATE ROLE stranger LOGIN' postgres
	sql 'CREATE DATABASE todo OWNER keeper' postgres
}

postgres_start() {
	spawn postgres 'database system is ready to accept connections' \
		as_owner "$POSTGRES_BIN/postgres" -D "$T/postgres/data"
	POSTGRES_SPAWNED=$SPAWN_PID
	POSTGRES=$(head -n 1 postgres/data/postmaster.pid)
}

postgres_stop() {
	kill -"${1:-QUIT}" "$POSTGRES"
	wait "$POSTGRES_SPAWNED" 2>/dev/null || :
}

sql() {
	as_owner psql -h "$T/postgres" -p "$POSTGRES_PORT" -U owner -qAt -v ON_ERROR_STOP=1 -c "$1" "${2:-todo}"
}
