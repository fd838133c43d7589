/* Registers once and prints what it is told. */
#include "test.h"

int main(void)
{
	struct mapistore_connection_info alice = info_of("alice");
	printf("%d\n", mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice"));
	return 0;
}
