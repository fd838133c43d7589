/* 64 threads that register and unregister, each its own user and all of them one; one registration of each stays. */
#include <pthread.h>

#include "test.h"

enum { THREADS = 64 };

static int rounds;

static void *work(void *argument)
{
	char name[32];
	snprintf(name, sizeof name, "user %ld", (long)argument);
	struct mapistore_connection_info own = info_of(name), shared = info_of("everybody");
	for (int round = 0; round < rounds; round++) {
		CHECK(mapistore_mgmt_backend_register_user(&own, "SOGo", name) == MAPISTORE_SUCCESS);
		CHECK(mapistore_mgmt_backend_register_user(&shared, "SOGo", "shared") == MAPISTORE_SUCCESS);
		CHECK(mapistore_mgmt_backend_unregister_user(&own, "SOGo", name) == MAPISTORE_SUCCESS);
		CHECK(mapistore_mgmt_backend_unregister_user(&shared, "SOGo", "shared") == MAPISTORE_SUCCESS);
	}
	CHECK(mapistore_mgmt_backend_register_user(&own, "SOGo", name) == MAPISTORE_SUCCESS);
	CHECK(mapistore_mgmt_backend_register_user(&shared, "SOGo", "shared") == MAPISTORE_SUCCESS);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	rounds = argc > 1 ? atoi(argv[1]) : 1000;
	for (long n = 0; n < THREADS; n++)
		CHECK(pthread_create(&threads[n], NULL, work, (void *)n) == 0);
	for (long n = 0; n < THREADS; n++)
		CHECK(pthread_join(threads[n], NULL) == 0);
	meet("registered");
	return 0;
}
