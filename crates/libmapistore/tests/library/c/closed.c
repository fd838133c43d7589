/* A host that closes every descriptor that it has not opened itself, and has its own files under these numbers then. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "test.h"

enum { FILES = 4, PAIRS = 8 };

static int files[FILES], pairs[PAIRS][2];

static int generate_uri(void *ctx, const char *user, const char *folder, const char *message, const char *root, char **uri)
{
	(void)ctx, (void)folder, (void)message, (void)root, (void)uri;
	say(user);
	return MAPISTORE_SUCCESS;
}

/* Files first, so that what was a socket is a file now, or the other way round. */
static void open_files(void)
{
	for (int n = 0; n < FILES; n++)
		CHECK((files[n] = memfd_create("host", MFD_CLOEXEC)) >= 0);
}

static void open_pairs(void)
{
	for (int n = 0; n < PAIRS; n++)
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[n]) == 0);
}

/* Whatever the host has is there still, and nobody has written to it. */
static void untouched(void)
{
	struct stat stat;
	for (int n = 0; n < FILES; n++)
		CHECK(fstat(files[n], &stat) == 0 && stat.st_size == 0);
	for (int n = 0; n < PAIRS; n++)
		for (int end = 0; end < 2; end++) {
			struct pollfd fd = { .fd = pairs[n][end], .events = POLLIN };
			CHECK(poll(&fd, 1, 0) == 0);
		}
}

/* What the other end wrote comes whole: nobody else has read of it. */
static void unread(void)
{
	char c;
	for (int n = 0; n < PAIRS; n++)
		for (int end = 0; end < 2; end++) {
			CHECK(write(pairs[n][end], "x", 1) == 1);
			CHECK(read(pairs[n][!end], &c, 1) == 1);
		}
}

int main(void)
{
	struct mapistore_connection_info alice = info_of("alice");
	struct mapistore_manager manager = { .size = sizeof manager, .generate_uri = generate_uri };
	int rounds = 6, status;

	CHECK(mapistore_mgmt_backend_register_manager("SOGo", &manager) == MAPISTORE_SUCCESS);
	CHECK(mapistore_poll_fd() >= 0);
	CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	meet("registered");

	for (int round = 0; round < rounds; round++) {
		closefrom(3);
		if (round % 2 == 0) {
			open_files();
			open_pairs();
		} else {
			open_pairs();
			open_files();
		}
		CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
		CHECK(mapistore_dispatch() == 0);
		meet("closed");
		untouched();
		unread();
		/* Whoever waits for notifications has to ask again for what. */
		struct pollfd fd = { .fd = mapistore_poll_fd(), .events = POLLIN };
		CHECK(fd.fd >= 0 && mapistore_poll_fd() == fd.fd);
		say("waiting");
		CHECK(poll(&fd, 1, -1) == 1 && fd.revents == POLLIN);
		CHECK(mapistore_dispatch() == 1);
		meet("notified");
		untouched();
	}

	/* Not even the child of a fork closes what is not the library's. */
	closefrom(3);
	open_pairs();
	open_files();
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "child") == MAPISTORE_SUCCESS);
		meet("child");
		untouched();
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	untouched();
	unread();

	/* The standard streams are the host's, too, whether they are open or not. */
	close(0);
	closefrom(3);
	CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "last") == MAPISTORE_SUCCESS);
	CHECK(mapistore_poll_fd() > 2);
	CHECK(fcntl(0, F_GETFD) == -1);
	say("closed");
	for (;;)
		pause();
}
