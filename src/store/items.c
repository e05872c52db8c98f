/* What a write does to the items, and how their chunks are changed without touching a list's. */
#include "store/items.h"

#include "store/chunk.h"

#include <sys/random.h>

const struct store_write items_of_the_lab[ITEMS_LAB] = {
	{ .task = "Set up local CA", .done = true },
	{ .task = "Issue server certificate", .done = true },
	{ .task = "Issue client certificate", .done = true },
	{ .task = "Configure mTLS server", .done = true },
	{ .task = "Validate mutual auth", .done = false },
};

void items_begin(struct items *items)
{
	*items = (struct items){ .next_id = 1 };
	/* 53 bits, as JSON and every database keep them exactly. */
	while (!items->epoch)
		if (getrandom(&items->epoch, sizeof items->epoch, 0) != sizeof items->epoch)
			bug("no random numbers");
		else
			items->epoch >>= 11;
}

void items_done(struct items *items)
{
	for (size_t i = 0; i < items->chunk_count; i++)
		chunk_free(items->chunks[i]);
	free(items->chunks);
	*items = (struct items){ 0 };
}

/* ---- Chunks ---- */

/* Puts `chunk` (may be NULL: none) in the place of `replaced` chunks at `at`. */
static void replace(struct items *items, size_t at, size_t replaced, struct chunk *chunk)
{
	if (items->chunk_count == items->chunk_capacity) {
		items->chunk_capacity = items->chunk_capacity ? items->chunk_capacity * 2 : 16;
		items->chunks =
			reallocarray(items->chunks, items->chunk_capacity, sizeof *items->chunks);
		if (!items->chunks)
			bug("out of memory for the items");
	}
	for (size_t i = 0; i < replaced; i++)
		chunk_free(items->chunks[at + i]);
	size_t placed = chunk != NULL, behind = items->chunk_count - at - replaced;
	memmove(items->chunks + at + placed, items->chunks + at + replaced,
		behind * sizeof *items->chunks);
	if (chunk)
		items->chunks[at] = chunk;
	items->chunk_count = items->chunk_count - replaced + placed;
}

/* The text of an item as it stands in a list, with what separates it from the one before. */
static bool item_text(
	int64_t id, const char *task, bool done, struct buffer *ret, struct error *reterr)
{
	OWN(json_t) json_t *json =
		json_pack("{s:I,s:s,s:b}", "id", (json_int_t)id, "task", task, "done", (int)done);
	if (!json)
		return error_set(reterr, ERROR_INPUT, "a task that is not UTF-8");
	if (!buffer_text(ret, CHUNK_SEPARATOR, reterr) || !json_text(json, 4, ret, reterr))
		return error_context(reterr, "a task of more than %d bytes", STORE_TASK_BYTES_MAX);
	return true;
}

/* Takes an item out, puts one in, or exchanges one for another; either text may be missing. */
static bool change(struct items *items, int64_t id, int64_t revision, const struct buffer *text,
	struct error *reterr)
{
	size_t at = chunks_find(items->chunks, items->chunk_count, id);
	struct chunk *chunk = at < items->chunk_count ? items->chunks[at] : NULL;
	size_t position = chunk ? chunk_position(chunk, id) : 0;
	size_t old = chunk ? chunk_item_bytes(chunk, id) : 0;
	if (!old && !text)
		return true;
	size_t bytes = items->bytes - old + (text ? text->length : 0);
	if (text && !old && items->count == STORE_ITEMS_MAX)
		return error_set(reterr, ERROR_LIMIT, "the store is full: it holds %d items",
			STORE_ITEMS_MAX);
	if (text && bytes > STORE_LIST_BYTES_MAX)
		return error_set(
			reterr, ERROR_LIMIT, "the store is full: it holds %zu bytes", items->bytes);
	items->bytes = bytes;
	items->count = items->count - (old != 0) + (text != NULL);
	struct chunk_item item = { .id = id, .revision = revision };
	/* The usual case: one more at the end of the last chunk. */
	if (chunk && !old && position == chunk_count(chunk) && chunk_has_room(chunk, text) &&
		chunk_append_in_place(chunk, &item, text))
		return true;
	struct chunk *rest = NULL;
	struct chunk *fresh =
		chunk_new(chunk, position, old != 0, text ? &item : NULL, text, &rest);
	replace(items, at, chunk != NULL, fresh);
	if (rest)
		replace(items, at + 1, 0, rest);
	return true;
}

bool items_put(struct items *items, const struct row *row, struct error *reterr)
{
	if (row->removed)
		return change(items, row->id, row->revision, NULL, reterr);
	OWN(buffer) struct buffer text = BUFFER((size_t)STORE_TASK_BYTES_MAX * 8);
	return item_text(row->id, row->task, row->done, &text, reterr) &&
	       change(items, row->id, row->revision, &text, reterr);
}

/* ---- Writes ---- */

static bool is_met(const struct store_write *write, struct store_version version)
{
	for (size_t i = 0; i < write->versions_count; i++)
		if (write->versions[i].epoch == version.epoch &&
			write->versions[i].revision == version.revision)
			return true;
	return !write->conditional;
}

enum store_status items_apply(struct items *items, const struct store_write *write,
	struct row *ret_row, char **ret_task, struct error *reterr)
{
	OWN(char) char *task = NULL;
	struct row row = { .id = items->next_id, .revision = items->revision + 1 };
	if (write->change == STORE_ADD) {
		task = text_copy(write->task);
		row.done = write->done > 0;
	} else {
		struct store_item item;
		size_t at = chunks_find(items->chunks, items->chunk_count, write->id);
		if (at == items->chunk_count ||
			!chunk_item(items->chunks[at], write->id, &item, &task))
			return STORE_ABSENT;
		item.version.epoch = items->epoch;
		if (!is_met(write, item.version))
			return STORE_CHANGED;
		row.id = item.id;
		row.removed = write->change == STORE_REMOVE;
		row.done = write->done < 0 || row.removed ? item.done : write->done > 0;
		if (write->task && !row.removed) {
			free(TAKE(task));
			task = text_copy(write->task);
		}
	}
	row.task = row.removed ? "" : task;
	if (!items_put(items, &row, reterr))
		return reterr->kind == ERROR_LIMIT ? STORE_FULL : STORE_INVALID;
	items->revision = row.revision;
	items->next_id += write->change == STORE_ADD;
	*ret_row = row;
	*ret_task = TAKE(task);
	return STORE_DONE;
}

/* ---- Lists ---- */

struct store_list *items_list(const struct items *items)
{
	return list_new(items->chunks, items->chunk_count, items->count, items->bytes,
		items->revision, items->epoch);
}

void items_restore(struct items *items, const struct store_list *list, int64_t next_id)
{
	for (size_t i = 0; i < items->chunk_count; i++)
		chunk_free(items->chunks[i]);
	items->chunk_count = 0;
	for (size_t i = 0; i < list->chunk_count; i++)
		replace(items, i, 0, chunk_hold(list->chunks[i]));
	items->count = list->count;
	items->bytes = list->bytes;
	items->epoch = list->epoch;
	items->revision = list->revision;
	items->next_id = next_id;
}
