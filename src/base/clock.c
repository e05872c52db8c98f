/* The two clocks and the three ways to write a date. */
#include "base/clock.h"

#include <stdio.h>

uint64_t clock_monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct timespec clock_in_ms(unsigned ms)
{
	struct timespec moment;
	clock_gettime(CLOCK_REALTIME, &moment);
	moment.tv_sec += ms / 1000;
	moment.tv_nsec += (long)(ms % 1000) * 1000000;
	if (moment.tv_nsec >= 1000000000) {
		moment.tv_sec++;
		moment.tv_nsec -= 1000000000;
	}
	return moment;
}

char *clock_rfc3339(time_t at, char target[static CLOCK_RFC3339_BYTES])
{
	struct tm tm;
	gmtime_r(&at, &tm);
	strftime(target, CLOCK_RFC3339_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return target;
}

static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
	"Sep", "Oct", "Nov", "Dec" };
static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

/* timegm accepts the 31st of February; a date that a peer or a user wrote must exist. */
static bool utc(int year, int month, int day, int hour, int minute, int second, time_t *ret)
{
	if (month < 1 || month > 12 || day < 1 || day > 31 || hour < 0 || hour > 23 || minute < 0 ||
		minute > 59 || second < 0 || second > 60)
		return false;
	struct tm tm = { .tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute };
	time_t at = timegm(&tm);
	if (tm.tm_mday != day)
		return false;
	*ret = at + second; /* a leap second is the first one of the next minute */
	return true;
}

/* sscanf takes spaces and signs for digits: the form is checked first. '9' stands for a digit, 'a'
 * for a letter; the shape may be shorter than the text. */
static bool has_shape(const char *text, const char *shape)
{
	for (; *shape; text++, shape++) {
		bool digit = *text >= '0' && *text <= '9';
		bool letter = (*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z');
		if (*shape == '9' ? !digit : *shape == 'a' ? !letter : *text != *shape)
			return false;
	}
	return true;
}

bool clock_from_rfc3339(const char *text, time_t *ret)
{
	int year, month, day, hour, minute, second;
	if (!has_shape(text, "9999-99-99") || !text[10] || !strchr("Tt ", text[10]) ||
		!has_shape(text + 11, "99:99:99") ||
		sscanf(text, "%4d-%2d-%2d%*c%2d:%2d:%2d", &year, &month, &day, &hour, &minute,
			&second) != 6)
		return false;
	text += 19;
	if (*text == '.') {
		size_t digits = strspn(text + 1, "0123456789");
		if (!digits)
			return false;
		text += 1 + digits;
	}
	time_t at;
	if (!utc(year, month, day, hour, minute, second, &at))
		return false;
	if ((*text == 'Z' || *text == 'z') && !text[1]) {
		*ret = at;
		return true;
	}
	int offset_hours, offset_minutes;
	if ((*text != '+' && *text != '-') || !has_shape(text + 1, "99:99") || text[6] ||
		sscanf(text + 1, "%2d:%2d", &offset_hours, &offset_minutes) != 2 ||
		offset_hours > 23 || offset_minutes > 59)
		return false;
	time_t offset = (offset_hours * 60 + offset_minutes) * 60;
	*ret = *text == '+' ? at - offset : at + offset;
	return true;
}

static void format_http_date(time_t at, char target[static CLOCK_HTTP_DATE_BYTES])
{
	struct tm tm;
	gmtime_r(&at, &tm);
	snprintf(target, CLOCK_HTTP_DATE_BYTES, "%s, %02d %s %04d %02d:%02d:%02d GMT",
		day_names[tm.tm_wday % 7], tm.tm_mday % 100, month_names[tm.tm_mon % 12],
		(tm.tm_year + 1900) % 10000, tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
}

char *clock_http_date(time_t at, char target[static CLOCK_HTTP_DATE_BYTES])
{
	/* A server asks for the same second again and again. */
	static _Thread_local time_t last;
	static _Thread_local char text[CLOCK_HTTP_DATE_BYTES];
	if (at != last || !*text)
		format_http_date(at, text);
	last = at;
	return memcpy(target, text, sizeof text);
}

static int month_number(const char *name)
{
	for (int i = 0; i < 12; i++)
		if (!strcmp(name, month_names[i]))
			return i + 1;
	return 0;
}

/* Two digits are of the year that is nearest to ours, 50 ahead at most (RFC 9110 section 5.6.7). */
static int full_year(int digits)
{
	time_t now = time(NULL);
	struct tm tm;
	gmtime_r(&now, &tm);
	int ours = tm.tm_year + 1900, year = ours - ours % 100 + digits;
	if (year > ours + 50)
		return year - 100;
	return year <= ours - 50 ? year + 100 : year;
}

bool clock_from_http_date(const char *text, time_t *ret)
{
	char name[4] = "";
	int year, day, hour, minute, second, used = 0;
	/* IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT */
	if (has_shape(text, "aaa, 99 aaa 9999 99:99:99 GMT") &&
		sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day, name, &year,
			&hour, &minute, &second, &used) == 6 &&
		used == 29 && !text[used])
		return utc(year, month_number(name), day, hour, minute, second, ret);
	/* RFC 850: Sunday, 06-Nov-94 08:49:37 GMT */
	used = 0;
	if (sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &day, name, &year,
		    &hour, &minute, &second, &used) == 6 &&
		used && !text[used])
		return utc(full_year(year), month_number(name), day, hour, minute, second, ret);
	/* asctime: Sun Nov  6 08:49:37 1994 */
	used = 0;
	if (sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", name, &day, &hour, &minute,
		    &second, &year, &used) == 6 &&
		used && !text[used])
		return utc(year, month_number(name), day, hour, minute, second, ret);
	return false;
}
