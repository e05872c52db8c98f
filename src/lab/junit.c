/* The few elements of JUnit's XML that every reader knows. */
#include "lab/junit.h"

#include "lab/draw.h"

bool junit_begin(const char *suite, size_t count, size_t failed, size_t skipped, struct buffer *ret,
	struct error *reterr)
{
	return buffer_format(ret, reterr,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		"  <testsuite name=\"%s\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
		"skipped=\"%zu\">\n",
		suite, count, failed, skipped);
}

bool junit_add(const struct junit_case *one, struct buffer *ret, struct error *reterr)
{
	if (!buffer_text(ret, "    <testcase classname=\"", reterr) ||
		!draw_escaped(one->group, ret, reterr) || !buffer_text(ret, "\" name=\"", reterr) ||
		!draw_escaped(one->name, ret, reterr) ||
		!buffer_format(ret, reterr, "\" time=\"%.3f\"", (double)one->ms / 1000))
		return false;
	if (one->outcome == JUNIT_PASSED)
		return buffer_text(ret, "/>\n", reterr);
	const char *element = one->outcome == JUNIT_SKIPPED ? "skipped" : "failure";
	return buffer_format(ret, reterr, ">\n      <%s message=\"", element) &&
	       draw_escaped(one->message, ret, reterr) && buffer_text(ret, "\">", reterr) &&
	       draw_escaped(one->detail ? one->detail : "", ret, reterr) &&
	       buffer_format(ret, reterr, "</%s>\n    </testcase>\n", element);
}

bool junit_end(struct buffer *ret, struct error *reterr)
{
	return buffer_text(ret, "  </testsuite>\n</testsuites>\n", reterr);
}
