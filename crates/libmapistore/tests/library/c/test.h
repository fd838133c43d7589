/* What the programs of the tests share. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mapistore/mapistore.h>

#define CHECK(what) \
	do { \
		if (!(what)) { \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
			_exit(1); \
		} \
	} while (0)

/* A context of this user. */
static inline struct mapistore_connection_info info_of(const char *username)
{
	struct mapistore_connection_info info = { 0 };
	info.username = (char *)username;
	info.mstore_ctx = (struct mapistore_context *)&info_of;
	return info;
}

/* Says something to the test. */
static inline void say(const char *line)
{
	CHECK(write(1, line, strlen(line)) == (ssize_t)strlen(line));
	CHECK(write(1, "\n", 1) == 1);
}

/* Says something to the test, and waits until the test says go on. */
static inline void meet(const char *line)
{
	char c;
	say(line);
	while (read(0, &c, 1) < 0 && errno == EINTR) {
	}
}
