/* What the two functions return, in the order of their checks, and that errno stays. */
#include "test.h"

typedef int (*function)(struct mapistore_connection_info *, const char *, const char *);

static char *repeated(char letter, size_t times)
{
	char *text = malloc(times + 1);
	CHECK(text != NULL);
	memset(text, letter, times);
	text[times] = 0;
	return text;
}

static void check(function call)
{
	struct mapistore_connection_info alice = info_of("alice"), nobody = info_of(NULL), nowhere = info_of("alice");
	nowhere.mstore_ctx = NULL;

	errno = 4711;
	CHECK(call(NULL, NULL, NULL) == MAPISTORE_ERR_NOT_INITIALIZED);
	CHECK(call(NULL, "SOGo", "alice") == MAPISTORE_ERR_NOT_INITIALIZED);
	CHECK(call(&nowhere, "SOGo", "alice") == MAPISTORE_ERR_NOT_INITIALIZED);
	CHECK(call(&nobody, "SOGo", "alice") == MAPISTORE_ERR_NOT_INITIALIZED);
	CHECK(call(&nobody, NULL, NULL) == MAPISTORE_ERR_NOT_INITIALIZED);
	CHECK(call(&alice, NULL, "alice") == MAPISTORE_ERR_INVALID_PARAMETER);
	CHECK(call(&alice, "SOGo", NULL) == MAPISTORE_ERR_INVALID_PARAMETER);
	CHECK(call(&alice, NULL, "bad\xff\xfe") == MAPISTORE_ERR_INVALID_PARAMETER);
	CHECK(call(&alice, "SOGo", "bad\xff\xfe") == MAPISTORE_ERR_INVALID_DATA);
	CHECK(call(&alice, "bad\xff\xfe", "alice") == MAPISTORE_ERR_INVALID_DATA);
	struct mapistore_connection_info bad = info_of("bad\xff\xfe");
	CHECK(call(&bad, "SOGo", "alice") == MAPISTORE_ERR_INVALID_DATA);

	char *user = repeated('u', 2030), *vuser = repeated('v', 2030), *fits = repeated('v', 2020);
	struct mapistore_connection_info longname = info_of(user);
	CHECK(call(&longname, "SOGo", vuser) == MAPISTORE_ERR_MSG_SEND);
	CHECK(call(&longname, "SOGo", fits) == MAPISTORE_SUCCESS);
	CHECK(call(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	CHECK(call(&alice, "", "") == MAPISTORE_SUCCESS);
	CHECK(errno == 4711);
	free(user);
	free(vuser);
	free(fits);
}

int main(void)
{
	CHECK(MAPISTORE_ERR_INVALID_DATA == 17 && MAPISTORE_ERR_MSG_SEND == 18 && MAPISTORE_SUCCESS == 0);
	CHECK(MAPISTORE_ERR_NOT_INITIALIZED == 4 && MAPISTORE_ERR_INVALID_PARAMETER == 6);
	check(mapistore_mgmt_backend_register_user);
	check(mapistore_mgmt_backend_unregister_user);
	say("checked");
	return 0;
}
