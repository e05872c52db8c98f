# A Chromium with a profile of its own, for browser tests. Sourced behind lib.sh.
#
#	browser PROGRAM.py ARG...   runs the Python program with a Chromium that Selenium can start:
#	                            HOME is $T/home, whose NSS database holds $T/certs' CA and client
#
# Which client certificate to show is a question to a person; the policy that answers it can only
# stand in /etc/chromium. So the folder is covered, for these processes only (mount_namespaces(7)).
need chromium chromium
need chromedriver chromium-driver
need certutil libnss3-tools
need pk12util libnss3-tools
/usr/bin/python3 -c 'import selenium' 2>/dev/null || skip "python3-selenium is missing"

browser_home() {
	mkdir -p home/.pki/nssdb policies/managed
	certutil -d sql:home/.pki/nssdb -N --empty-password
	certutil -d sql:home/.pki/nssdb -A -n ca -t C,, -i certs/ca.crt
	[ ! -e certs/client.pfx ] ||
		pk12util -d sql:home/.pki/nssdb -i certs/client.pfx -w certs/client.pfx.pass >/dev/null
	echo '{ "AutoSelectCertificateForUrls": [ "{\"pattern\":\"https://localhost\",\"filter\":{}}" ] }' \
		>policies/managed/mtls.json
}

browser() {
	covered='mount --bind "$0/policies" /etc/chromium/policies'
	# shellcheck disable=SC2016  # expanded in there
	uncover='mount -t tmpfs none /etc/chromium && mkdir /etc/chromium/policies'
	unshare -m true 2>/dev/null || unable "this machine gives us no mount namespace"
	HOME=$T/home PYTHONPATH=$SOURCE/tests unshare -m sh -c "
		$uncover && $covered && exec \"\$@\"" "$T" /usr/bin/python3 "$@"
}
