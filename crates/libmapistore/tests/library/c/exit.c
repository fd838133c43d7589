/* Unregisters while the process ends, after the library has said goodbye. */
#include "test.h"

static struct mapistore_connection_info alice;

static void late(void)
{
	CHECK(mapistore_mgmt_backend_unregister_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "late") == MAPISTORE_SUCCESS);
	CHECK(mapistore_dispatch() == 0);
}

__attribute__((destructor)) static void very_late(void)
{
	late();
	say("ended");
}

int main(void)
{
	alice = info_of("alice");
	CHECK(atexit(late) == 0);
	CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	meet("registered");
	return 0;
}
