/* No signal is delivered to the library's thread, and no handler is the library's. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>

#include "test.h"

static pthread_t main_thread;

static void handler(int signal)
{
	(void)signal;
	CHECK(pthread_equal(pthread_self(), main_thread));
}

int main(void)
{
	struct mapistore_connection_info alice = info_of("alice");
	struct sigaction before[NSIG], after;
	sigset_t blocked;
	main_thread = pthread_self();
	CHECK(signal(SIGUSR1, handler) != SIG_ERR);
	for (int n = 1; n < NSIG; n++)
		sigaction(n, NULL, &before[n]);
	CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	for (int n = 1; n < NSIG; n++) {
		if (sigaction(n, NULL, &after) == 0)
			CHECK(after.sa_handler == before[n].sa_handler);
	}
	/* What the caller lets through is what it let through before. */
	CHECK(pthread_sigmask(SIG_SETMASK, NULL, &blocked) == 0);
	for (int n = 1; n < NSIG; n++)
		CHECK(sigismember(&blocked, n) != 1);
	meet("registered");
	for (int n = 0; n < 1000; n++)
		CHECK(kill(getpid(), SIGUSR1) == 0);
	meet("signalled");
	return 0;
}
