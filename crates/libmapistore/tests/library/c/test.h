/* What the programs of the tests share. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
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
	/* At once: a parent and its child say things at the same time. */
	struct iovec parts[] = { { (void *)line, strlen(line) }, { "\n", 1 } };
	CHECK(writev(1, parts, 2) == (ssize_t)strlen(line) + 1);
}

/* Says something to the test, and waits until the test says go on. */
static inline void meet(const char *line)
{
	char c;
	say(line);
	while (read(0, &c, 1) < 0 && errno == EINTR) {
	}
}
