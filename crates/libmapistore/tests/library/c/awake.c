/* While the thread is awake a call makes no system call: of many calls few wake it. */
#include <sys/socket.h>

#include "test.h"

/* How many times this thread has woken the library's: that is all that it ever sends. */
static __thread unsigned long sent;

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
	sent++;
	return sendto(fd, bytes, length, flags, NULL, 0);
}

int main(void)
{
	struct mapistore_connection_info alice = info_of("alice");
	CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	meet("registered");
	/* It sleeps at some time, and then it is woken: here that is seen. */
	while (sent == 0) {
		usleep(1000);
		CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
		CHECK(mapistore_mgmt_backend_unregister_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	}
	unsigned long before = sent;
	for (int n = 0; n < 100000; n++) {
		CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
		CHECK(mapistore_mgmt_backend_unregister_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	}
	char line[32];
	snprintf(line, sizeof line, "%lu", sent - before);
	meet(line);
	return 0;
}
