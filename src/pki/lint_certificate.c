/* One certificate: its time, its role, the strict rules, and traps of those who make certificates.
 */
#include "pki/fitness.h"
#include "pki/lint_parts.h"
#include "pki/strict.h"

#include "pki/describe.h"

#include <openssl/err.h>

enum { SOON_S = 30 * 24 * 60 * 60 };

/* SHA-1 of no bytes: what `hash` gives before the key is set. */
static const unsigned char nothing[] = { 0xda, 0x39, 0xa3, 0xee, 0x5e, 0x6b, 0x4b, 0x0d, 0x32, 0x55,
	0xbf, 0xef, 0x95, 0x60, 0x18, 0x90, 0xaf, 0xd8, 0x07, 0x09 };

struct target {
	X509 *certificate;
	const char *path;
	char *name;
	struct lint_report *report;
	bool hosts; /* it has a DNS name or an address */
	enum role role;
};

char *lint_name(X509 *certificate)
{
	char subject[256], serial[DESCRIBE_SERIAL_BYTES];
	describe_name(X509_get_subject_name(certificate), subject, sizeof subject);
	describe_serial(X509_get0_serialNumber(certificate), serial, sizeof serial);
	return text_format("'%s' (serial %s)", subject, serial);
}

static void add(void *context, enum code code, const char *text)
{
	const struct target *target = context;
	for (size_t i = 0; i < target->report->count; i++) {
		const struct lint_finding *other = &target->report->findings[i];
		/* Two rules may see one fault; a certificate's name is in every sentence about it.
		 */
		if (other->rule->code == code && !strcmp(other->file, target->path) &&
			strstr(other->text, target->name))
			return;
	}
	lint_add(target->report, code, target->path, 0, text_copy(text), NULL);
}

/* Rules of other tables do not name the certificate. */
static void add_named(void *context, enum code code, const char *text)
{
	const struct target *target = context;
	OWN(char) char *named = text_format("%s: %s", target->name, text);
	/* With an address as a DNS name both tables find fault: the better sentence came first. */
	for (size_t i = 0; code == CODE_SAN_BAD_DNS && i < target->report->count; i++)
		if (target->report->findings[i].rule->code == CODE_SAN_ADDRESS_AS_DNS &&
			strstr(target->report->findings[i].text, target->name))
			return;
	add(context, code, named);
}

static bool has_host(X509 *certificate)
{
	OWN(GENERAL_NAMES)
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		int type = sk_GENERAL_NAME_value(names, i)->type;
		if (type == GEN_DNS || type == GEN_IPADD)
			return true;
	}
	return false;
}

/* What it says that it is for. A CA that could not sign certificates, or has a host's name, was
 * meant to be a leaf. */
static enum role find_role(const struct target *target, const char *wanted)
{
	X509 *certificate = target->certificate;
	enum role role;
	if (wanted && role_parse(wanted, &role))
		return role;
	uint32_t flags = X509_get_extension_flags(certificate);
	uint32_t usage = X509_get_extended_key_usage(certificate);
	bool signs = X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN;
	if ((flags & EXFLAG_CA) && signs && !target->hosts)
		return ROLE_CA;
	if (!(flags & EXFLAG_XKUSAGE))
		return target->hosts ? ROLE_SERVER : ROLE_CLIENT;
	bool server = usage & XKU_SSL_SERVER, client = usage & XKU_SSL_CLIENT;
	if (server && client)
		return ROLE_PEER;
	return server || (!client && target->hosts) ? ROLE_SERVER : ROLE_CLIENT;
}

static enum code by_role(
	const struct target *target, enum code ca, enum code server, enum code client)
{
	if (target->role == ROLE_CA)
		return ca;
	return target->role == ROLE_CLIENT ? client : server;
}

static void check_time(struct target *target, time_t now)
{
	char text[CLOCK_RFC3339_BYTES];
	time_t from = describe_time(X509_get0_notBefore(target->certificate), now);
	time_t until = describe_time(X509_get0_notAfter(target->certificate), now);
	enum code code = CODE_NONE;
	const char *what = "";
	if (now < from) {
		code = by_role(target, CODE_CA_NOT_YET_VALID, CODE_SERVER_NOT_YET_VALID,
			CODE_CLIENT_NOT_YET_VALID);
		what = "is not valid before";
	} else if (now > until) {
		code = by_role(target, CODE_CA_EXPIRED, CODE_SERVER_EXPIRED, CODE_CLIENT_EXPIRED);
		what = "expired on";
	} else if (until - now < SOON_S) {
		code = CODE_EXPIRES_SOON;
		what = "expires on";
	}
	if (code == CODE_NONE)
		return;
	OWN(char)
	char *sentence = text_format(
		"%s %s %s", target->name, what, clock_rfc3339(now < from ? from : until, text));
	add(target, code, sentence);
}

static void check_rest(struct target *target)
{
	X509 *certificate = target->certificate;
	uint32_t flags = X509_get_extension_flags(certificate);
	const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(certificate);
	if (id && ASN1_STRING_length(id) == sizeof nothing &&
		!memcmp(ASN1_STRING_get0_data(id), nothing, sizeof nothing))
		add_named(target, CODE_SKI_OF_NOTHING, code_info(CODE_SKI_OF_NOTHING)->text);
	if (target->role == ROLE_CA)
		return;
	if ((flags & EXFLAG_KUSAGE) && !(X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE)) {
		enum code code = by_role(target, CODE_NONE, CODE_SERVER_WRONG_KEY_USAGE,
			CODE_CLIENT_WRONG_KEY_USAGE);
		add_named(target, code, code_info(code)->text);
	}
	if ((flags & EXFLAG_SS) && !(flags & EXFLAG_CA)) {
		enum code code = by_role(
			target, CODE_NONE, CODE_SERVER_SELF_SIGNED, CODE_CLIENT_SELF_SIGNED);
		OWN(char) char *text = text_format("%s is signed by itself", target->name);
		add(target, code, text);
	}
}

void lint_certificate(
	X509 *certificate, const char *path, const char *role, time_t now, struct lint_report *ret)
{
	struct target target = { .certificate = certificate, .path = path, .report = ret };
	OWN(char) char *name = target.name = lint_name(certificate);
	OWN(char) char *where = text_format("in the certificate %s", name);
	target.hosts = has_host(certificate);
	target.role = find_role(&target, role);
	check_time(&target, now);
	const struct fitness fitness = { .path = path,
		.where = where,
		.role = target.role,
		.extensions = X509_get0_extensions(certificate),
		.found = add,
		.context = &target };
	/* What cannot be read lacks nothing; strict_each() says which extension it is. */
	if (strict_can_read(certificate)) {
		fitness_check(&fitness);
		check_rest(&target);
	}
	strict_each(certificate, target.role == ROLE_SERVER || target.role == ROLE_PEER, add_named,
		&target);
	ERR_clear_error();
}
