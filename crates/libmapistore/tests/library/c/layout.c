/* Both layouts of the structure, each ending where memory ends: nothing behind the 40th byte is touched. */
#include <stddef.h>
#include <sys/mman.h>

#include "test.h"

_Static_assert(sizeof(struct GUID) == 16 && _Alignof(struct GUID) == 4, "GUID");
_Static_assert(offsetof(struct mapistore_connection_info, username) == 0, "username");
_Static_assert(offsetof(struct mapistore_connection_info, replica_guid) == 8, "replica_guid");
_Static_assert(offsetof(struct mapistore_connection_info, repl_id) == 24, "repl_id");
_Static_assert(offsetof(struct mapistore_connection_info, mstore_ctx) == 32, "mstore_ctx");
_Static_assert(offsetof(struct mapistore_connection_info, oc_ctx) == 40, "oc_ctx");
_Static_assert(sizeof(struct mapistore_connection_info) == 48, "as in August 2011");

/* As it was from November 2011 on. */
struct later_connection_info {
	char *username;
	struct GUID replica_guid;
	uint16_t repl_id;
	struct mapistore_context *mstore_ctx;
	void *sam_ctx;
	void *oc_ctx;
};
_Static_assert(sizeof(struct later_connection_info) == 56, "as from November 2011 on");

/* The end of readable memory: a page that must not be touched follows. */
static char *end_of_memory(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(pages != MAP_FAILED);
	CHECK(mprotect(pages + page, page, PROT_NONE) == 0);
	return pages + page;
}

int main(void)
{
	struct mapistore_connection_info seed = info_of("alice");
	struct later_connection_info later = { .username = (char *)"bob", .mstore_ctx = seed.mstore_ctx };
	later.sam_ctx = later.oc_ctx = (void *)1;

	/* Only what comes before the member that differs is there, as if the rest were in memory that is not. */
	char *cut = end_of_memory() - 40;
	memcpy(cut, &seed, 40);
	CHECK(mapistore_mgmt_backend_register_user((void *)cut, "SOGo", "alice") == MAPISTORE_SUCCESS);
	memcpy(cut, &later, 40);
	CHECK(mapistore_mgmt_backend_register_user((void *)cut, "SOGo", "bob") == MAPISTORE_SUCCESS);
	/* What lies between the two members that are read does not matter. */
	memset(cut + 8, 0xff, 24);
	CHECK(mapistore_mgmt_backend_register_user((void *)cut, "SOGo", "bob") == MAPISTORE_SUCCESS);
	CHECK(mapistore_mgmt_backend_register_user((void *)&later, "SOGo", "bob") == MAPISTORE_SUCCESS);

	/* Strings that end where memory ends, and are gone after the call. */
	char *name = end_of_memory() - 6;
	memcpy(name, "carol", 6);
	struct mapistore_connection_info carol = info_of(name);
	CHECK(mapistore_mgmt_backend_register_user(&carol, "SOGo", name) == MAPISTORE_SUCCESS);
	memset(name, 'x', 5);
	meet("registered");
	return 0;
}
