/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Registers the users of OpenChange backends at the hub. Link with -lintendant_mapistore.
 *
 * No function blocks, prints, or changes errno; each may be called from any thread, after a fork, from a talloc
 * destructor and while the process ends. Strings are copied before a function returns. See
 * mapistore_mgmt_backend_register_user(3), mapistore_mgmt_backend_register_manager(3) and intendant_mapistore(7).
 */
#ifndef INTENDANT_MAPISTORE_H
#define INTENDANT_MAPISTORE_H

#include <stddef.h>

#ifdef __cplusplus
static_assert(sizeof(void *) == 8 && sizeof(long) == 8, "the library is for 64-bit systems (LP64)");
extern "C" {
#else
_Static_assert(sizeof(void *) == 8 && sizeof(long) == 8, "the library is for 64-bit systems (LP64)");
#endif

struct mapistore_connection_info;

/* Counts one registration of a user on a backend more, or less. vuser: the name that the backend has for the user.
 *
 * MAPISTORE_SUCCESS                counted; the hub is told as soon as it listens
 * MAPISTORE_ERR_NOT_INITIALIZED    conn_info, its context or its user name is NULL
 * MAPISTORE_ERR_INVALID_PARAMETER  backend or vuser is NULL
 * MAPISTORE_ERR_INVALID_DATA       a name is no UTF-8
 * MAPISTORE_ERR_MSG_SEND           the names are too long, there are too many, or the queue is full
 * MAPISTORE_ERR_NO_MEMORY          there is no memory
 */
int mapistore_mgmt_backend_register_user(struct mapistore_connection_info *conn_info, const char *backend, const char *vuser);
int mapistore_mgmt_backend_unregister_user(struct mapistore_connection_info *conn_info, const char *backend, const char *vuser);

/* What a backend is told. What is not known is NULL. */
struct mapistore_notification {
	size_t size;
	const char *backend;
	const char *username;
	const char *vuser;
	const char *folder;
	const char *message;
	const char *uri;
};

/* How a backend is told. */
struct mapistore_manager {
	/* sizeof(struct mapistore_manager) */
	size_t size;
	/* Makes the URI of a folder or message, or a part of one with * for what is NULL; required. As the member of the same name
	 * of `manager` in OpenChange's struct mapistore_backend. */
	int (*generate_uri)(void *mem_ctx, const char *user, const char *folder, const char *message, const char *root_uri, char **uri);
	/* Gives back what generate_uri has made, once it is copied; NULL: it stays. */
	void (*release_uri)(void *mem_ctx, char *uri);
	/* Takes a notification; NULL: making the URI is all. */
	int (*notify)(void *closure, const struct mapistore_notification *notification);
	/* Handed to the first two. */
	void *mem_ctx;
	/* Handed to the third. */
	void *closure;
};

/* Says how a backend is told; NULL: no longer. The structure is copied. A child of a fork has it too. */
int mapistore_mgmt_backend_register_manager(const char *backend, const struct mapistore_manager *manager);

/* A descriptor that is readable while notifications wait, for the host's own loop; -1: there is none to be had. */
int mapistore_poll_fd(void);

/* Calls the backends for what waits, in this thread; how many there were, or -1. Never waits. */
int mapistore_dispatch(void);

/* Other than 0: backends are called in the library's own thread, as soon as a notification arrives. */
void mapistore_dispatch_on_thread(int on);

#ifdef __cplusplus
}
#endif

#endif
