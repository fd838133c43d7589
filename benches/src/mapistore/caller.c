/* How long a call takes who makes it: registrations and, before and after, a bare atomic counter. Prints nanoseconds. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <mapistore/mapistore.h>

enum { USERS = 100 };

static long calls;
static atomic_ulong counter;
static pthread_barrier_t barrier;

struct caller {
	pthread_t thread;
	uint32_t *times;
	uint64_t elapsed, woken;
	int number, bare;
};

static uint64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* How many times this thread has woken the library's: that is all that it ever sends. */
static __thread uint64_t sent;

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
	sent++;
	return sendto(fd, bytes, length, flags, NULL, 0);
}

static void *call(void *argument)
{
	struct caller *caller = argument;
	struct mapistore_connection_info infos[USERS] = { 0 };
	char names[USERS][32];
	for (int n = 0; n < USERS; n++) {
		snprintf(names[n], sizeof names[n], "user%d-%d@example.org", caller->number, n);
		infos[n].username = names[n];
		infos[n].mstore_ctx = (void *)&infos[n];
	}
	pthread_barrier_wait(&barrier);
	uint64_t begin = now(), before = begin;
	for (long n = 0; n < calls; n++) {
		int user = (int)(n / 2 % USERS);
		if (caller->bare)
			atomic_fetch_add(&counter, 1);
		else if (n % 2 == 0)
			mapistore_mgmt_backend_register_user(&infos[user], "SOGo", names[user]);
		else
			mapistore_mgmt_backend_unregister_user(&infos[user], "SOGo", names[user]);
		uint64_t after = now();
		caller->times[n] = (uint32_t)(after - before);
		before = after;
	}
	caller->elapsed = before - begin;
	caller->woken = sent;
	return NULL;
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	return (left > right) - (left < right);
}

/* So many threads at once. */
static void run(int threads, int bare)
{
	struct caller *callers = calloc((size_t)threads, sizeof *callers);
	uint32_t *times = malloc((size_t)threads * (size_t)calls * sizeof *times);
	uint64_t elapsed = 0, woken = 0;
	size_t all = (size_t)threads * (size_t)calls;
	memset(times, 0, all * sizeof *times);
	pthread_barrier_init(&barrier, NULL, (unsigned)threads);
	for (int n = 0; n < threads; n++) {
		callers[n].number = n;
		callers[n].bare = bare;
		callers[n].times = times + (size_t)n * (size_t)calls;
		pthread_create(&callers[n].thread, NULL, call, &callers[n]);
	}
	for (int n = 0; n < threads; n++) {
		pthread_join(callers[n].thread, NULL);
		elapsed = callers[n].elapsed > elapsed ? callers[n].elapsed : elapsed;
		woken += callers[n].woken;
	}
	qsort(times, all, sizeof *times, compare);
	printf("%d %d %u %u %u %.0f %lu\n", threads, bare, times[all / 2], times[all / 100 * 99], times[all / 1000 * 999],
	       (double)all * 1e9 / (double)elapsed, (unsigned long)woken);
	free(times);
	free(callers);
}

int main(int argc, char **argv)
{
	calls = argc > 1 ? atol(argv[1]) : 1000000;
	/* The first call starts the thread. */
	struct mapistore_connection_info first = { .username = (char *)"first", .mstore_ctx = (void *)&first };
	mapistore_mgmt_backend_register_user(&first, "SOGo", "first");
	sleep(1);
	for (int threads = 1; threads <= 8; threads *= 8)
		for (int bare = 1; bare >= 0; bare--)
			run(threads, bare);
	return 0;
}
