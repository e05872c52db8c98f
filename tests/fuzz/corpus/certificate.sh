# Chains of each kind of name and extension, as PEM and as DER; CRLs; and what is no certificate.
"$MTLS" init --key-type ec:P-256 --ca-key-type ed25519 . >/dev/null
mv certs made
cat made/server.crt made/ca.crt >chain.pem
cp made/client.key .
everything() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout everything.key \
		-days 3650 "$@" -addext 'extendedKeyUsage=serverAuth,clientAuth' \
		-addext 'subjectAltName=DNS:localhost,DNS:*.a.example,IP:127.0.0.1,IP:::1,email:a@b.example,URI:spiffe://c/d,RID:1.2.3,otherName:1.2.3;UTF8:x' \
		-addext 'authorityInfoAccess=OCSP;URI:http://o.example/' \
		-addext 'crlDistributionPoints=URI:http://c.example/a.crl' 2>/dev/null
}
everything -subj '/C=ES/O=Lab/CN=localhost' -addext 'keyUsage=critical,digitalSignature' \
	-outform DER -out leaf.der
everything -subj '/CN=localhost' -addext 'basicConstraints=critical,CA:TRUE,pathlen:1' \
	-addext 'keyUsage=critical,digitalSignature,keyCertSign,cRLSign' \
	-addext 'nameConstraints=critical,permitted;DNS:example,excluded;DNS:x.a.example,permitted;IP:10.0.0.0/255.0.0.0' \
	-addext 'certificatePolicies=1.2.3.4' -out constrained.pem
"$MTLS" revoke made/client.crt --certs made >/dev/null 2>&1 || :
"$MTLS" crl --certs made >/dev/null 2>&1 || :
[ ! -f made/ca.crl ] || cat made/server.crt made/ca.crt made/ca.crl >revocation.pem
printf 'no certificate\n' >text
rm -rf made everything.key
