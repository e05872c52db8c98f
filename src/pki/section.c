/* One section of a .cnf file by itself, without the default section that OpenSSL mixes in. */
#include "pki/profile.h"

#include <openssl/err.h>

static CONF_VALUE *value_at(const struct profile *profile, const char *section, size_t index)
{
	STACK_OF(CONF_VALUE) *values = NCONF_get_section(profile_conf(profile), section);
	ERR_clear_error(); /* a section that is not there is an empty one */
	return values && index < (size_t)sk_CONF_VALUE_num(values)
		       ? sk_CONF_VALUE_value(values, (int)index)
		       : NULL;
}

const char *profile_name_at(const struct profile *profile, const char *section, size_t index)
{
	const CONF_VALUE *value = value_at(profile, section, index);
	return value ? value->name : NULL;
}

const char *profile_own_value(const struct profile *profile, const char *section, const char *name)
{
	const CONF_VALUE *value;
	for (size_t i = 0; (value = value_at(profile, section, i)) != NULL; i++)
		if (!strcmp(value->name, name))
			return value->value;
	return NULL;
}

bool profile_has_section(const struct profile *profile, const char *section)
{
	bool has = NCONF_get_section(profile_conf(profile), section) != NULL;
	ERR_clear_error();
	return has;
}
