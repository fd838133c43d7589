/* A host that runs out of memory: whatever the library asks for then, it gets none. */
#include <pthread.h>
#include <stdatomic.h>

#include "test.h"

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

/* A notification leads to no more requests than so many. */
#define NOTIFICATION 16

static pthread_t main_thread;
/* Every so many-th request for memory is refused; 0: none. */
static atomic_int starving;
/* Of the requests of the library's own thread the so-many-th is refused; 0 or less: none. */
static atomic_int one_of_thread;
static atomic_ulong asked, refused, refused_to_thread;

static int is_refused(void)
{
	int every = atomic_load(&starving);
	if (every == 0 && !pthread_equal(pthread_self(), main_thread) && atomic_load(&one_of_thread) > 0) {
		errno = ENOMEM;
		return atomic_fetch_sub(&one_of_thread, 1) == 1;
	}
	if (every == 0 || atomic_fetch_add(&asked, 1) % (unsigned long)every != 0)
		return 0;
	atomic_fetch_add(&refused, 1);
	if (!pthread_equal(pthread_self(), main_thread))
		atomic_fetch_add(&refused_to_thread, 1);
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return is_refused() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return is_refused() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return is_refused() ? NULL : __libc_realloc(old, size);
}

static int generate_uri(void *ctx, const char *user, const char *folder, const char *message, const char *root, char **uri)
{
	static char made[] = "sogo://alice:*@inbox/";
	(void)ctx, (void)folder, (void)message, (void)root, (void)user;
	*uri = made;
	return MAPISTORE_SUCCESS;
}

/* Waits until the library's own thread was refused memory so many times more. */
static void until_refused(unsigned long times)
{
	unsigned long wanted = atomic_load(&refused_to_thread) + times;
	while (atomic_load(&refused_to_thread) < wanted)
		usleep(1000);
}

int main(void)
{
	char name[32] = "alice";
	struct mapistore_connection_info info = info_of(name);
	struct mapistore_manager manager = { .size = sizeof manager, .generate_uri = generate_uri };
	main_thread = pthread_self();

	CHECK(mapistore_mgmt_backend_register_manager("SOGo", &manager) == MAPISTORE_SUCCESS);
	mapistore_dispatch_on_thread(1);
	CHECK(mapistore_mgmt_backend_register_user(&info, "SOGo", "alice") == MAPISTORE_SUCCESS);
	meet("fed");

	/* Nothing at all. Whoever is known needs no memory; nobody new is taken, and that is said. */
	atomic_store(&starving, 1);
	for (int n = 0; n < 1000; n++) {
		CHECK(mapistore_mgmt_backend_register_user(&info, "SOGo", "alice") == MAPISTORE_SUCCESS);
		CHECK(mapistore_mgmt_backend_register_user(&info, "SOGo", "new") == MAPISTORE_ERR_NO_MEMORY);
		CHECK(mapistore_mgmt_backend_unregister_user(&info, "SOGo", "new") == MAPISTORE_SUCCESS);
		CHECK(mapistore_mgmt_backend_unregister_user(&info, "SOGo", "alice") == MAPISTORE_SUCCESS);
	}
	CHECK(mapistore_mgmt_backend_register_manager("Other", &manager) == MAPISTORE_ERR_NO_MEMORY);
	say("starving");
	until_refused(1);
	meet("not notified");
	/* The hub has gone, and is back: there is no memory for another connection. */
	until_refused(3);
	CHECK(mapistore_mgmt_backend_register_user(&info, "SOGo", "alice") == MAPISTORE_SUCCESS);
	atomic_store(&starving, 0);
	meet("fed again");

	/* Each request for memory that a notification leads to is refused once. */
	for (int which = 1; which <= NOTIFICATION; which++) {
		atomic_store(&one_of_thread, which);
		meet("one is refused");
	}
	atomic_store(&one_of_thread, 0);

	/* Now and then some. What was refused is not counted, what was taken is. */
	for (int every = 2; every <= 7; every++) {
		int taken = 0;
		atomic_store(&starving, every);
		for (int n = 0; n < 2000; n++) {
			snprintf(name, sizeof name, "user %d", n);
			int done = mapistore_mgmt_backend_register_user(&info, "SOGo", name);
			CHECK(done == MAPISTORE_SUCCESS || done == MAPISTORE_ERR_NO_MEMORY);
			if (done == MAPISTORE_SUCCESS) {
				taken++;
				CHECK(mapistore_mgmt_backend_unregister_user(&info, "SOGo", name) == MAPISTORE_SUCCESS);
			}
		}
		CHECK(taken > 0 && atomic_load(&refused) > 0);
		snprintf(name, sizeof name, "alice");
		CHECK(mapistore_mgmt_backend_register_user(&info, "SOGo", "alice") == MAPISTORE_SUCCESS);
		meet("hungry");
	}
	atomic_store(&starving, 0);
	meet("fed in the end");
	return 0;
}
