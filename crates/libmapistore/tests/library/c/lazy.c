/* A host that comes late for its notifications. */
#include <poll.h>

#include "test.h"

static int generate_uri(void *ctx, const char *user, const char *folder, const char *message, const char *root, char **uri)
{
	(void)ctx, (void)folder, (void)message, (void)root, (void)user;
	*uri = NULL;
	return MAPISTORE_SUCCESS;
}

int main(void)
{
	struct mapistore_connection_info alice = info_of("alice");
	struct mapistore_manager manager = { .size = sizeof manager, .generate_uri = generate_uri };
	char line[32];
	struct pollfd fd = { .fd = mapistore_poll_fd(), .events = POLLIN };
	CHECK(mapistore_mgmt_backend_register_manager("SOGo", &manager) == MAPISTORE_SUCCESS);
	CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	meet("ready");
	CHECK(poll(&fd, 1, 0) == 1);
	snprintf(line, sizeof line, "%d", mapistore_dispatch());
	CHECK(poll(&fd, 1, 0) == 0);
	meet(line);
	return 0;
}
