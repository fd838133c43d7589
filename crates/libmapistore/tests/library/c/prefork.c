/* A host that makes everything ready and then forks for each client: the child's notifications are the child's. */
#include <poll.h>
#include <sys/wait.h>

#include "test.h"

static int generate_uri(void *ctx, const char *user, const char *folder, const char *message, const char *root, char **uri)
{
	(void)ctx, (void)folder, (void)message, (void)root, (void)uri;
	say(user);
	return MAPISTORE_SUCCESS;
}

int main(void)
{
	struct mapistore_connection_info alice = info_of("alice");
	struct mapistore_manager manager = { .size = sizeof manager, .generate_uri = generate_uri };
	struct pollfd fd = { .fd = mapistore_poll_fd(), .events = POLLIN };
	int pipes[2], status;
	char c;
	CHECK(fd.fd >= 0 && pipe(pipes) == 0);
	CHECK(mapistore_mgmt_backend_register_manager("SOGo", &manager) == MAPISTORE_SUCCESS);

	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		CHECK(mapistore_poll_fd() == fd.fd);
		CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
		CHECK(poll(&fd, 1, -1) == 1);
		say("readable");
		CHECK(read(pipes[0], &c, 1) == 1);
		CHECK(mapistore_dispatch() == 1);
		CHECK(read(pipes[0], &c, 1) == 1);
		return 0;
	}
	meet("forked");
	CHECK(poll(&fd, 1, 0) == 0);
	CHECK(mapistore_dispatch() == 0);
	CHECK(write(pipes[1], "", 1) == 1);
	meet("let go");
	CHECK(write(pipes[1], "", 1) == 1);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return 0;
}
