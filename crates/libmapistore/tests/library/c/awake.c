/* While the thread is awake a call makes no system call: of many calls few write anywhere. */
#include "test.h"

/* How many times this thread has written anywhere. */
static unsigned long writes(void)
{
	char line[128];
	unsigned long count = 0;
	FILE *io = fopen("/proc/thread-self/io", "r");
	CHECK(io != NULL);
	while (fgets(line, sizeof line, io) != NULL)
		sscanf(line, "syscw: %lu", &count);
	fclose(io);
	return count;
}

int main(void)
{
	struct mapistore_connection_info alice = info_of("alice");
	CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	meet("registered");
	unsigned long before = writes();
	for (int n = 0; n < 100000; n++) {
		CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
		CHECK(mapistore_mgmt_backend_unregister_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	}
	char line[32];
	snprintf(line, sizeof line, "%lu", writes() - before);
	meet(line);
	return 0;
}
