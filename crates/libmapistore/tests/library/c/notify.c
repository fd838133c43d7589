#define _GNU_SOURCE
/* A backend that makes URIs by SOGo's rule and takes notifications, in the host's thread or in the library's. */
#include <poll.h>
#include <pthread.h>

#include "test.h"

static pthread_t main_thread;
static int on_thread, closure, mem_ctx, given, released;

static int generate_uri(void *ctx, const char *user, const char *folder, const char *message, const char *root, char **uri)
{
	char base[512];
	CHECK(ctx == &mem_ctx);
	CHECK(uri != NULL);
	if (folder != NULL && strcmp(folder, "broken") == 0)
		return MAPISTORE_ERR_NOT_FOUND;
	if (root != NULL)
		snprintf(base, sizeof base, "%s", root);
	else
		snprintf(base, sizeof base, "sogo://%s:*@%s", user ? user : "*", folder ? folder : "*");
	size_t length = strlen(base);
	const char *slash = length > 0 && base[length - 1] == '/' ? "" : "/";
	CHECK(asprintf(uri, "%s%s%s%s", base, slash, message ? message : "", message ? ".eml" : "") > 0);
	given++;
	errno = 4711;
	return MAPISTORE_SUCCESS;
}

static void release_uri(void *ctx, char *uri)
{
	CHECK(ctx == &mem_ctx);
	free(uri);
	released++;
}

static int notify(void *context, const struct mapistore_notification *n)
{
	char line[1024];
	CHECK(context == &closure);
	CHECK(n->size == sizeof *n);
	CHECK(pthread_equal(pthread_self(), main_thread) == !on_thread);
	snprintf(line, sizeof line, "%s %s %s %s %s %s", n->backend, n->username, n->vuser, n->folder ? n->folder : "-",
		 n->message ? n->message : "-", n->uri ? n->uri : "-");
	say(line);
	/* Nothing is held meanwhile: a callback may register. */
	struct mapistore_connection_info info = info_of(n->username);
	CHECK(mapistore_mgmt_backend_register_user(&info, "SOGo", "notified") == MAPISTORE_SUCCESS);
	return n->message != NULL && strcmp(n->message, "refuse") == 0 ? 99 : MAPISTORE_SUCCESS;
}

int main(int argc, char **argv)
{
	struct mapistore_connection_info alice = info_of("alice");
	struct mapistore_manager manager = {
		.size = sizeof manager,
		.generate_uri = generate_uri,
		.release_uri = release_uri,
		.notify = notify,
		.mem_ctx = &mem_ctx,
		.closure = &closure,
	};
	const char *how = argc > 1 ? argv[1] : "poll";
	main_thread = pthread_self();
	on_thread = strcmp(how, "thread") == 0;

	CHECK(mapistore_mgmt_backend_register_manager(NULL, &manager) == MAPISTORE_ERR_INVALID_PARAMETER);
	CHECK(mapistore_mgmt_backend_register_manager("bad\xff", &manager) == MAPISTORE_ERR_INVALID_DATA);
	struct mapistore_manager wrong = manager;
	wrong.generate_uri = NULL;
	CHECK(mapistore_mgmt_backend_register_manager("SOGo", &wrong) == MAPISTORE_ERR_INVALID_PARAMETER);
	wrong.size = 8;
	CHECK(mapistore_mgmt_backend_register_manager("SOGo", &wrong) == MAPISTORE_ERR_INVALID_PARAMETER);

	CHECK(mapistore_mgmt_backend_register_manager("SOGo", &manager) == MAPISTORE_SUCCESS);
	memset(&manager, 0xff, sizeof manager);
	CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	CHECK(mapistore_mgmt_backend_register_user(&alice, "Other", "alice") == MAPISTORE_SUCCESS);
	CHECK(mapistore_dispatch() == 0);

	if (on_thread)
		mapistore_dispatch_on_thread(1);
	if (strcmp(how, "poll") == 0) {
		int fd = mapistore_poll_fd();
		CHECK(fd >= 0 && mapistore_poll_fd() == fd);
		struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = 0, .events = POLLIN } };
		say("ready");
		while (poll(fds, 2, -1) >= 0 && fds[1].revents == 0) {
			errno = 42;
			CHECK(mapistore_dispatch() >= 0);
			CHECK(errno == 42);
		}
		CHECK(read(0, (char[1]){ 0 }, 1) == 1);
	} else {
		meet("ready");
	}
	CHECK(mapistore_mgmt_backend_register_manager("SOGo", NULL) == MAPISTORE_SUCCESS);
	CHECK(given == released);
	meet("taken back");
	return 0;
}
