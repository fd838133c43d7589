/* Registers 10,000 users, then has each of many others come and go, and says what that cost. */
#include "test.h"

/* The process's own memory, in KiB. */
static long memory(void)
{
	long pages;
	FILE *file = fopen("/proc/self/statm", "r");
	CHECK(file != NULL && fscanf(file, "%*d %ld", &pages) == 1);
	fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int argc, char **argv)
{
	char name[32] = "";
	struct mapistore_connection_info info = info_of(name);
	long others = argc > 1 ? atol(argv[1]) : 200000, before, after;

	for (int n = 0; n < 10000; n++) {
		snprintf(name, sizeof name, "user %d", n);
		CHECK(mapistore_mgmt_backend_register_user(&info, "SOGo", name) == MAPISTORE_SUCCESS);
	}
	before = memory();
	for (long n = 0; n < others; n++) {
		snprintf(name, sizeof name, "other %ld", n);
		CHECK(mapistore_mgmt_backend_register_user(&info, "SOGo", name) == MAPISTORE_SUCCESS);
		CHECK(mapistore_mgmt_backend_unregister_user(&info, "SOGo", name) == MAPISTORE_SUCCESS);
	}
	after = memory();
	snprintf(name, sizeof name, "%ld", after - before);
	meet(name);
	for (int n = 0; n < 9000; n++) {
		snprintf(name, sizeof name, "user %d", n);
		CHECK(mapistore_mgmt_backend_unregister_user(&info, "SOGo", name) == MAPISTORE_SUCCESS);
	}
	meet("unregistered");
	return 0;
}
