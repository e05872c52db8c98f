# Certificates for end-to-end tests, right and wrong ones, made in certs/ of the test's folder by the
# openssl command. Source it behind lib.sh.
#
#	make_ca NAME SUBJECT            NAME.crt and NAME.key
#	make_leaf NAME CA EXTENSION...  NAME.crt and NAME.key with CN=NAME (or $SUBJECT), issued by CA
#	make_expired NAME CA            a client's that ended in 2020
#	make_crl NAME CA [LEAF...]      NAME.crl in which those leaves are revoked
#	make_certs                      ca, server (localhost, 127.0.0.1, ::1) and client (mtls-client)
need openssl openssl
mkdir -p certs
printf '[req]\ndistinguished_name = dn\n[dn]\n' >certs/empty.cnf

CLIENT='keyUsage=critical,digitalSignature extendedKeyUsage=clientAuth'
SERVER='keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth'

# certificate NAME SUBJECT ISSUER-OPTIONS -- EXTENSION...
certificate() {
	name=$1 subject=$2 issuer=$3
	shift 3
	extensions=''
	for extension in "$@"; do
		extensions="$extensions -addext $extension"
	done
	# shellcheck disable=SC2086 # lists of words
	openssl req -x509 -config certs/empty.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "certs/$name.key" -out "certs/$name.crt" -subj "/CN=$subject" \
		-days "${DAYS:-30}" $issuer $extensions 2>"certs/$name.err" || { cat "certs/$name.err"; exit 1; }
	chmod 600 "certs/$name.key"
	rm "certs/$name.err"
}

make_ca() {
	certificate "$1" "$2" '' basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign,cRLSign
}

make_leaf() {
	leaf=$1 ca=$2
	shift 2
	certificate "$leaf" "${SUBJECT:-$leaf}" "-CA certs/$ca.crt -CAkey certs/$ca.key" \
		basicConstraints=critical,CA:FALSE "$@"
}

# OpenSSL's own small CA: the only command of 3.0 that dates back and revokes.
ca_config() {
	: >certs/index.txt
	echo 01 >certs/crlnumber
	cat >certs/ca-command.cnf <<-END
		[ca]
		default_ca = c
		[c]
		database = certs/index.txt
		crlnumber = certs/crlnumber
		new_certs_dir = certs
		rand_serial = yes
		default_md = sha256
		default_crl_days = 30
		policy = p
		x509_extensions = x
		unique_subject = no
		[p]
		commonName = supplied
		[x]
		keyUsage = critical,digitalSignature
		extendedKeyUsage = clientAuth
	END
}

# ca_command CA OPTION...
ca_command() {
	ca=$1
	shift
	openssl ca -batch -notext -config certs/ca-command.cnf -keyfile "certs/$ca.key" \
		-cert "certs/$ca.crt" "$@" 2>certs/ca.err || { cat certs/ca.err; exit 1; }
}

make_expired() {
	ca_config
	openssl req -new -config certs/empty.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout "certs/$1.key" -out "certs/$1.csr" -subj "/CN=$1" 2>/dev/null
	ca_command "$2" -in "certs/$1.csr" -out "certs/$1.crt" \
		-startdate 20200101000000Z -enddate 20200201000000Z
}

make_crl() {
	crl=$1 issuer=$2
	shift 2
	ca_config
	for revoked in "$@"; do
		ca_command "$issuer" -revoke "certs/$revoked.crt"
	done
	ca_command "$issuer" -gencrl -out "certs/$crl.crl"
}

# shellcheck disable=SC2086 # lists of words
make_certs() {
	make_ca ca "mTLS Lab Root CA"
	SUBJECT=localhost make_leaf server ca $SERVER subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1
	SUBJECT=mtls-client make_leaf client ca $CLIENT
}
