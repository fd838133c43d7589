/* As the documentation of OpenChange asks for: the destructor of a context unregisters. */
#include <talloc.h>

#include "test.h"

struct context {
	struct mapistore_connection_info *info;
	const char *vuser;
};

static int destructor(struct context *context)
{
	mapistore_mgmt_backend_unregister_user(context->info, "SOGo", context->vuser);
	return 0;
}

int main(void)
{
	TALLOC_CTX *parent = talloc_new(NULL);
	struct mapistore_connection_info *info = talloc_zero(parent, struct mapistore_connection_info);
	*info = info_of(talloc_strdup(info, "alice"));
	for (int n = 0; n < 3; n++) {
		struct context *context = talloc(info, struct context);
		context->info = info;
		context->vuser = talloc_asprintf(context, "alice@example.org");
		CHECK(mapistore_mgmt_backend_register_user(info, "SOGo", context->vuser) == MAPISTORE_SUCCESS);
		talloc_set_destructor(context, destructor);
	}
	meet("registered");
	CHECK(talloc_free(parent) == 0);
	meet("freed");
	return 0;
}
