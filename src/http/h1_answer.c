/* Counting responses: the library finds their ends, this file says which of them counts. */
#include "http/h1_answer.h"

#include "http/h1_library.h"

struct h1_answers {
	struct h1_library library;
	int status;
};

struct h1_answers *h1_answers_new(void)
{
	struct h1_answers *answers = calloc(1, sizeof *answers);
	if (!answers)
		bug("out of memory for a response parser");
	h1_answers_begin(answers, false);
	return answers;
}

void h1_answers_free(struct h1_answers *answers)
{
	free(answers);
}

void h1_answers_begin(struct h1_answers *answers, bool head)
{
	h1_library_start_answer(&answers->library, head);
	answers->status = 0;
}

enum h1_answer_event h1_answers_input(
	struct h1_answers *answers, const void *bytes, size_t count, size_t *ret_used)
{
	struct h1_library *library = &answers->library;
	const char *rest = bytes;
	*ret_used = 0;
	while (count) {
		size_t used;
		if (!h1_library_feed_answer(library, rest, count, &used))
			return H1_ANSWER_REFUSED;
		rest += used, count -= used, *ret_used += used;
		if (!library->complete)
			break;
		answers->status = (int)library->parser.status_code;
		if (answers->status >= 200)
			return H1_ANSWER_DONE;
		h1_library_start_answer(library, library->answers_head);
	}
	return H1_ANSWER_MORE;
}

enum h1_answer_event h1_answers_end(struct h1_answers *answers)
{
	struct h1_library *library = &answers->library;
	size_t used;
	if (!library->head_done || !h1_library_feed_answer(library, NULL, 0, &used) ||
		!library->complete)
		return H1_ANSWER_REFUSED;
	answers->status = (int)library->parser.status_code;
	return H1_ANSWER_DONE;
}

int h1_answers_status(const struct h1_answers *answers)
{
	return answers->status;
}

bool h1_answers_keep_alive(const struct h1_answers *answers)
{
	return answers->library.keep_alive;
}
