/* Loads the library by hand, unloads it, and uses what is still there. */
#include <dlfcn.h>

#include "test.h"

typedef int (*function)(struct mapistore_connection_info *, const char *, const char *);

static void *library(void)
{
	void *handle = dlopen("libintendant_mapistore.so.1", RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		fprintf(stderr, "%s\n", dlerror());
	CHECK(handle != NULL);
	return handle;
}

int main(void)
{
	struct mapistore_connection_info alice = info_of("alice");
	void *handle = library();
	function first = (function)dlsym(handle, "mapistore_mgmt_backend_register_user");
	CHECK(first != NULL && first(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	meet("registered");
	CHECK(dlclose(handle) == 0);
	handle = library();
	function again = (function)dlsym(handle, "mapistore_mgmt_backend_register_user");
	CHECK(again == first && again(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	CHECK(dlclose(handle) == 0);
	meet("registered again");
	return 0;
}
