/* Writes the queue of a generation until it is full, and prints what lies in it. */
#include <fcntl.h>
#include <mqueue.h>

#include "test.h"

int main(int argc, char **argv)
{
	struct mapistore_connection_info alice = info_of("alice");
	const char *name = argc > 1 ? argv[1] : "";
	mqd_t probe = mq_open("/intendant_test", O_RDWR | O_CREAT, 0600, NULL);
	if (probe < 0) {
		perror("no message queues here");
		return 77;
	}
	mq_close(probe);
	mq_unlink("/intendant_test");

	mq_unlink(name);
	for (int n = 0; n < 5; n++)
		CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "jérôme") == MAPISTORE_SUCCESS);
	for (int n = 0; n < 5; n++)
		CHECK(mapistore_mgmt_backend_unregister_user(&alice, "SOGo", "jérôme") == MAPISTORE_SUCCESS);
	/* Ten fit. What does not is lost, and the caller is told. */
	errno = 4711;
	CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "jérôme") == MAPISTORE_ERR_MSG_SEND);
	CHECK(errno == 4711);
	struct mapistore_manager manager = { .size = sizeof manager };
	manager.generate_uri = (void *)main;
	CHECK(mapistore_mgmt_backend_register_manager("SOGo", &manager) == MAPISTORE_ERR_NOT_IMPLEMENTED);

	char message[8192];
	unsigned int priority;
	mqd_t queue = mq_open(name, O_RDONLY | O_NONBLOCK);
	CHECK(queue >= 0);
	for (ssize_t length; (length = mq_receive(queue, message, sizeof message, &priority)) >= 0;) {
		printf("%u ", priority);
		for (ssize_t n = 0; n < length; n++)
			printf("%02x", (unsigned char)message[n]);
		printf("\n");
	}

	/* A reader that removes its queue and makes it anew is heard of by the next message. */
	CHECK(mq_unlink(name) == 0);
	mqd_t anew = mq_open(name, O_RDONLY | O_NONBLOCK | O_CREAT, 0644, NULL);
	CHECK(anew >= 0);
	CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	CHECK(mq_receive(anew, message, sizeof message, &priority) > 0);
	CHECK(mq_receive(queue, message, sizeof message, &priority) < 0);
	CHECK(mq_unlink(name) == 0);
	return 0;
}
