/* Registers alice at each step, and bob at every second one. */
#include "test.h"

int main(void)
{
	struct mapistore_connection_info alice = info_of("alice"), bob = info_of("bob");
	for (int step = 1; step < 100; step++) {
		CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
		CHECK((step % 2 ? mapistore_mgmt_backend_register_user : mapistore_mgmt_backend_unregister_user)(
			      &bob, "SOGo", "bob") == MAPISTORE_SUCCESS);
		meet("step");
	}
	return 0;
}
