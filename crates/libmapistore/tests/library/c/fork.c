/* A child of a fork has neither thread nor socket nor table, while other threads are at work in the parent. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "test.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int stop;

static int stopped(int now)
{
	pthread_mutex_lock(&lock);
	int is = stop |= now;
	pthread_mutex_unlock(&lock);
	return is;
}

static void *busy(void *unused)
{
	struct mapistore_connection_info info = info_of("busy");
	(void)unused;
	while (!stopped(0)) {
		mapistore_mgmt_backend_register_user(&info, "SOGo", "busy");
		mapistore_mgmt_backend_unregister_user(&info, "SOGo", "busy");
	}
	return NULL;
}

/* How many entries a folder has. Descriptors that valgrind keeps for itself have high numbers and are left out. */
static int entries(const char *folder)
{
	int count = 0;
	DIR *dir = opendir(folder);
	CHECK(dir != NULL);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		count += strlen(entry->d_name) < 4 || strstr(folder, "task") != NULL;
	closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	struct mapistore_connection_info alice = info_of("alice"), bob = info_of("bob");
	int children = argc > 1 ? atoi(argv[1]) : 20;
	int before = entries("/proc/self/fd");
	pthread_t thread;

	CHECK(mapistore_mgmt_backend_register_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
	meet("parent");
	CHECK(pthread_create(&thread, NULL, busy, NULL) == 0);

	/* Whenever the fork comes, the child can register. It is gone before it says anything, or stays. */
	for (int n = 0; n < children; n++) {
		pid_t child = fork();
		CHECK(child >= 0);
		if (child == 0) {
			CHECK(entries("/proc/self/task") == 3);
			CHECK(entries("/proc/self/fd") == before);
			CHECK(mapistore_mgmt_backend_unregister_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
			CHECK(mapistore_mgmt_backend_register_user(&bob, "SOGo", "bob") == MAPISTORE_SUCCESS);
			exit(0);
		}
		int status;
		CHECK(waitpid(child, &status, 0) == child);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	stopped(1);
	CHECK(pthread_join(thread, NULL) == 0);

	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		CHECK(mapistore_mgmt_backend_unregister_user(&alice, "SOGo", "alice") == MAPISTORE_SUCCESS);
		CHECK(mapistore_mgmt_backend_register_user(&bob, "SOGo", "bob") == MAPISTORE_SUCCESS);
		pause();
	}
	char line[32];
	snprintf(line, sizeof line, "%d", (int)child);
	meet(line);
	int status;
	CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child);
	meet("child is gone");
	return 0;
}
