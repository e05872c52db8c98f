/* The two layouts as data: which files, which subjects, which settings. */
#include "pki/setup.h"

enum { CA_DAYS = 3650, LEAF_DAYS = 365 };

struct place {
	enum role role;
	const char *name;
	int issuer;
	const char *folder, *cnf, *copy;
	const char *common_name;
	unsigned bits;
};

static const struct place certs[] = {
	{ ROLE_CA, "ca", -1, "certs", "ca.cnf", NULL, "mTLS Lab Root CA", 4096 },
	{ ROLE_SERVER, "server", 0, "certs", "server.cnf", NULL, "localhost", 2048 },
	{ ROLE_CLIENT, "client", 0, "certs", "client.cnf", NULL, "mtls-client", 2048 },
};

static const struct place folders[] = {
	{ ROLE_CA, "ca", -1, "CA", "openssl.cnf", "myCA.crt", "MyCA", 2048 },
	{ ROLE_SERVER, "server", 0, "Server", "openssl.cnf", NULL, "localhost", 2048 },
	{ ROLE_CLIENT, "client", 0, "Client", "openssl.cnf", NULL, "FakeClient", 2048 },
	{ ROLE_CA, "ca2", -1, "CA2", "openssl.cnf", NULL, "MyCA2", 2048 },
	{ ROLE_CLIENT, "client2", 3, "Client", "openssl.cnf", NULL, "FakeClient", 2048 },
};

static const struct place *place_of(const struct setup *setup, const struct setup_member *member)
{
	size_t index = (size_t)(member - setup->members);
	return setup->options.layout == SETUP_FOLDERS ? &folders[index] : &certs[index];
}

void setup_lay_out(struct setup *setup)
{
	bool in_folders = setup->options.layout == SETUP_FOLDERS;
	setup->count =
		in_folders ? sizeof folders / sizeof folders[0] : sizeof certs / sizeof certs[0];
	const char *root = setup->options.folder;
	bool here = !strcmp(root, ".");
	for (size_t i = 0; i < setup->count; i++) {
		struct setup_member *member = &setup->members[i];
		const struct place *place = place_of(setup, member);
		bool is_ca = place->role == ROLE_CA;
		int days = is_ca ? setup->options.ca_days : setup->options.days;
		char *folder =
			text_format("%s%s%s", here ? "" : root, here ? "" : "/", place->folder);
		*member = (struct setup_member){
			.role = place->role,
			.name = place->name,
			.issuer = place->issuer,
			.folder = folder,
			.cnf = text_format("%s/%s", folder, place->cnf),
			.key_path = text_format("%s/%s.key", folder, place->name),
			.csr_path = is_ca ? NULL : text_format("%s/%s.csr", folder, place->name),
			.crt_path = text_format("%s/%s.crt", folder, place->name),
			.crt_copy = place->copy ? text_format("%s/%s", folder, place->copy) : NULL,
			.days = days    ? days
				: is_ca ? CA_DAYS
					: LEAF_DAYS,
			.key_type = { .id = EVP_PKEY_RSA, .bits = place->bits },
		};
	}
	if (in_folders)
		return;
	const char *folder = setup->members[0].folder;
	setup->pfx_path = text_format("%s/client.pfx", folder);
	setup->pfx_password_path = text_format("%s/client.pfx.pass", folder);
}

const char *setup_common_name(const struct setup *setup, const struct setup_member *member)
{
	return place_of(setup, member)->common_name;
}

/* The settings that the document prints, as it prints them. */
static const char ca_text[] =
	"[ req ]\n"
	"default_bits       = 2048\n"
	"distinguished_name = req_distinguished_name\n"
	"x509_extensions    = v3_ca\n"
	"prompt             = yes\n"
	"\n"
	"# With prompt = yes this is the question that is asked, not the answer.\n"
	"[ req_distinguished_name ]\n"
	"CN = %s\n"
	"\n"
	"[ v3_ca ]\n"
	"subjectKeyIdentifier = hash\n"
	"authorityKeyIdentifier = keyid:always,issuer\n"
	"basicConstraints = critical, CA:true\n"
	"keyUsage = critical, digitalSignature, cRLSign, keyCertSign\n";

static const char leaf_text[] = "[ req ]\n"
				"default_bits       = 2048\n"
				"prompt             = no\n"
				"default_md         = sha256\n"
				"distinguished_name = dn\n"
				"req_extensions     = req_ext\n"
				"\n"
				"[ dn ]\n"
				"CN = %s\n"
				"\n"
				"[ req_ext ]\n"
				"%s";

static const char server_extensions[] = "subjectAltName = @alt_names\n"
					"\n"
					"[ alt_names ]\n"
					"DNS.1 = localhost\n";

static const char client_extensions[] = "basicConstraints = CA:FALSE\n"
					"keyUsage = digitalSignature, keyEncipherment\n"
					"extendedKeyUsage = clientAuth\n";

char *setup_template(const struct setup *setup, const struct setup_member *member)
{
	const char *name = setup_common_name(setup, member);
	if (setup->options.layout == SETUP_CERTS)
		return profile_template(member->role, member->key_type.bits, name,
			member->role == ROLE_SERVER ? "DNS.1 = localhost\nIP.1 = 127.0.0.1\n"
						    : NULL,
			"`mtls init` again");
	if (member->role == ROLE_CA)
		return text_format(ca_text, name);
	return text_format(leaf_text, name,
		member->role == ROLE_SERVER ? server_extensions : client_extensions);
}
