/* The table behind the codes. */
#include "base/code.h"

#include <string.h>

static const struct code_info codes[CODE_COUNT] = {
	[CODE_NONE] = { .name = "", .alert12 = -1, .alert13 = -1, .text = "", .hint = "" },
#define CODE(id, name, side, x509, alert12, alert13, text, hint) \
	[CODE_##id] = { name, side, x509, alert12, alert13, text, hint },
#include "base/codes.def"
#undef CODE
};

const struct code_info *code_info(enum code code)
{
	return &codes[code];
}

const char *code_name(enum code code)
{
	return codes[code].name;
}

enum code code_from_name(const char *name)
{
	for (int i = CODE_NONE + 1; i < CODE_COUNT; i++)
		if (!strcmp(codes[i].name, name))
			return (enum code)i;
	return CODE_NONE;
}
