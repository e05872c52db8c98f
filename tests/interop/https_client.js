// Node's own https, with a client certificate or without.
// usage: node https_client.js URL CERT KEY CA TLS-VERSION     ("" for CERT: no client certificate)
const fs = require('fs');
const https = require('https');

const [url, cert, key, ca, version] = process.argv.slice(2);
const options = {
	ca: fs.readFileSync(ca),
	minVersion: `TLSv${version}`,
	maxVersion: `TLSv${version}`,
};
if (cert) {
	options.cert = fs.readFileSync(cert);
	options.key = fs.readFileSync(key);
}

https
	.get(url, options, (response) => {
		response.setEncoding('utf8');
		response.on('data', (text) => process.stdout.write(text));
	})
	.on('error', (error) => {
		console.error(`${error.code}: ${error.message}`);
		process.exitCode = 1;
	});
