/* Registers and unregisters what it is told, line by line: "r" or "u", backend, system user, user of the backend. Says "."
 * after each; ends when nothing more comes. */
#include <stdio.h>
#include <string.h>

#include <mapistore/mapistore.h>

int main(void)
{
	char line[512];
	while (fgets(line, sizeof line, stdin)) {
		char what, backend[128], user[128], vuser[128];
		if (sscanf(line, "%c %127s %127s %127s", &what, backend, user, vuser) != 4)
			return 2;
		struct mapistore_connection_info info = { 0 };
		info.username = user;
		info.mstore_ctx = (struct mapistore_context *)&info;
		int done = what == 'r' ? mapistore_mgmt_backend_register_user(&info, backend, vuser) :
					 mapistore_mgmt_backend_unregister_user(&info, backend, vuser);
		if (done != MAPISTORE_SUCCESS)
			return 3;
		puts(".");
		fflush(stdout);
	}
	return 0;
}
