/*
 * A wall clock that a test can set. Preloaded into a program by testkit::wall.
 *
 *   INTENDANT_WALL  a file of eight bytes: how many seconds the clock is ahead (a signed number as this machine has it)
 *
 * Clocks that only grow are left alone. Nothing here takes memory or a lock: an allocator may ask for the time before
 * anything else is ready.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *ahead;

static int64_t seconds_ahead(void) {
    if (!ahead) {
        const char *path = getenv("INTENDANT_WALL");
        if (!path)
            return 0;
        int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return 0;
        void *page = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
        syscall(SYS_close, fd);
        if (page == MAP_FAILED)
            return 0;
        ahead = page;
    }
    return *ahead;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += seconds_ahead();
    return failed;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec precise;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &precise))
        return -1;
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *into) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME_COARSE, &now))
        return -1;
    if (into)
        *into = now.tv_sec;
    return now.tv_sec;
}
