/*
 * Keeps, beside a folder that a program works in, the image of it that a power cut would leave: what was fsynced,
 * and nothing else. Preloaded into that program by testkit::shadow.
 *
 *   INTENDANT_SHADOW_OF       the folder, an absolute path without symbolic links
 *   INTENDANT_SHADOW_TO       the image, which begins as a copy of it
 *   INTENDANT_SHADOW_TRIGGER  a file; while it says "before sync 2", the program is killed just before its second
 *                             fsync of changed data from then on ("after" likewise; "spawn" for starting a process)
 *
 * The model: the content of a file is durable when fsync or fdatasync of it returned; creating, renaming and removing
 * names is durable at once, but a file that was never synced has no content under its new name. sync_file_range and
 * msync make nothing durable. SQLite's shared memory file (-shm) is not part of the image.
 *
 * Written files are recognised by device and inode, so that it does not matter through which descriptor, or copy of
 * one, data arrives. Calls that go around the C library are not seen. Folders are not followed when renamed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct range {
    off_t start, end;
};

struct file {
    dev_t dev;
    ino_t ino;
    char path[PATH_MAX];  /* within the folder */
    off_t cut;            /* shortest length since the last sync, -1 = was not shortened */
    int whole;            /* everything is to be copied, the ranges are not known */
    struct range *dirty;
    size_t count, room;
    int image;            /* descriptor of the file in the image, -1 = not open yet */
    struct file *next;
};

static char folder[PATH_MAX], image[PATH_MAX], trigger[PATH_MAX];
static struct file *files;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- the calls themselves: straight to the kernel, so that they are not caught again ---- */

static int raw_open(int at, const char *path, int flags, mode_t mode) {
    return (int)syscall(SYS_openat, at, path, flags, mode);
}

static void raw_close(int fd) {
    syscall(SYS_close, fd);
}

static void give_up(const char *what, const char *path) {
    dprintf(STDERR_FILENO, "shadow: cannot %s %s: %s\n", what, path, strerror(errno));
    abort();
}

__attribute__((constructor)) static void start(void) {
    const char *of = getenv("INTENDANT_SHADOW_OF"), *to = getenv("INTENDANT_SHADOW_TO");
    const char *at = getenv("INTENDANT_SHADOW_TRIGGER");
    if (of == NULL || to == NULL) return;
    snprintf(image, sizeof image, "%s", to);
    snprintf(trigger, sizeof trigger, "%s", at == NULL ? "" : at);
    snprintf(folder, sizeof folder, "%s", of);
}

static int active(void) {
    return folder[0] != '\0';
}

/* ---- names ---- */

/* The part of an absolute path below the folder; NULL = it is not below it, or not part of the image. */
static const char *below(const char *path) {
    size_t length = strlen(folder), size = strlen(path);
    if (strncmp(path, folder, length) != 0 || path[length] != '/') return NULL;
    if (size > 4 && strcmp(path + size - 4, "-shm") == 0) return NULL;
    return path + length + 1;
}

/* Where a descriptor leads, as an absolute path. */
static int path_of(int fd, char out[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = syscall(SYS_readlinkat, AT_FDCWD, link, out, PATH_MAX - 1);
    if (n < 0) return -1;
    out[n] = '\0';
    return 0;
}

/* An absolute path for a name that need not exist: that of its folder, with the last part added. */
static int resolve(int at, const char *path, char out[PATH_MAX]) {
    const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
    char parent[PATH_MAX];
    if (slash == NULL) snprintf(parent, sizeof parent, ".");
    else if (slash == path) snprintf(parent, sizeof parent, "/");
    else snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
    int fd = raw_open(at, parent, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) return -1;
    int failed = path_of(fd, out);
    raw_close(fd);
    size_t used = failed ? 0 : strlen(out);
    if (failed || used + 1 + strlen(base) >= PATH_MAX) return -1;
    snprintf(out + used, PATH_MAX - used, "/%s", base);
    return 0;
}

static void in_image(const char *path, char out[2 * PATH_MAX]) {
    snprintf(out, 2 * PATH_MAX, "%s/%s", image, path);
}

/* ---- files that are followed; the lock is held ---- */

static struct file *find(const struct stat *st) {
    for (struct file *f = files; f != NULL; f = f->next)
        if (f->ino == st->st_ino && f->dev == st->st_dev) return f;
    return NULL;
}

static void forget(struct file *gone) {
    for (struct file **f = &files; *f != NULL; f = &(*f)->next) {
        if (*f != gone) continue;
        *f = gone->next;
        if (gone->image >= 0) raw_close(gone->image);
        free(gone->dirty);
        free(gone);
        return;
    }
}

static struct file *find_by_path(const char *path) {
    for (struct file *f = files; f != NULL; f = f->next)
        if (strcmp(f->path, path) == 0) return f;
    return NULL;
}

static void mark(struct file *f, off_t start, off_t end) {
    if (start >= end) return;
    struct range *last = f->count > 0 ? &f->dirty[f->count - 1] : NULL;
    if (last != NULL && start >= last->start && start <= last->end) {
        if (end > last->end) last->end = end;
        return;
    }
    if (f->count == f->room) {
        f->room = f->room == 0 ? 64 : 2 * f->room;
        f->dirty = realloc(f->dirty, f->room * sizeof *f->dirty);
        if (f->dirty == NULL) give_up("remember changes of", f->path);
    }
    f->dirty[f->count++] = (struct range){start, end};
}

static void shorten(struct file *f, off_t length) {
    if (f->cut < 0 || length < f->cut) f->cut = length;
}

static int is_dirty(const struct file *f) {
    return f->count > 0 || f->whole || f->cut >= 0;
}

/* ---- the image; the lock is held ---- */

static void make_parents(char *path) {
    for (char *p = path + strlen(image) + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        if (syscall(SYS_mkdirat, AT_FDCWD, path, 0777) != 0 && errno != EEXIST) give_up("create", path);
        *p = '/';
    }
}

static int create_in_image(const char *path, mode_t mode, int flags) {
    char full[2 * PATH_MAX];
    in_image(path, full);
    make_parents(full);
    int fd = raw_open(AT_FDCWD, full, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);
    if (fd < 0) give_up("write", full);
    if (fchmod(fd, mode & 07777) != 0) give_up("set the mode of", full);
    return fd;
}

static void copy(int from, int to, off_t start, off_t end, const char *path) {
    static char buffer[1 << 16];
    while (start < end) {
        size_t want = end - start < (off_t)sizeof buffer ? (size_t)(end - start) : sizeof buffer;
        ssize_t got = syscall(SYS_pread64, from, buffer, want, start);
        if (got < 0) give_up("read", path);
        if (got == 0) return; /* shortened in the meantime */
        for (ssize_t done = 0; done < got;) {
            ssize_t put = syscall(SYS_pwrite64, to, buffer + done, got - done, start + done);
            if (put < 0) give_up("write the image of", path);
            done += put;
        }
        start += got;
    }
}

/* Brings the image of a file up to what it holds now. */
static void persist(struct file *f, int fd) {
    struct stat st;
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    int from = raw_open(AT_FDCWD, self, O_RDONLY | O_CLOEXEC, 0);
    if (from < 0 || fstat(from, &st) != 0) give_up("read", f->path);
    if (f->image < 0) f->image = create_in_image(f->path, st.st_mode, 0);
    if (f->cut >= 0 && syscall(SYS_ftruncate, f->image, f->cut) != 0) give_up("shorten the image of", f->path);
    if (f->whole) copy(from, f->image, 0, st.st_size, f->path);
    else for (size_t i = 0; i < f->count; i++) copy(from, f->image, f->dirty[i].start, f->dirty[i].end, f->path);
    if (syscall(SYS_ftruncate, f->image, st.st_size) != 0) give_up("set the length of the image of", f->path);
    f->count = 0;
    f->whole = 0;
    f->cut = -1;
    raw_close(from);
}

/* ---- killing at a chosen point ---- */

struct point {
    int armed, after;
    unsigned long nth;
};

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/* Called as something of this kind begins: dies if this is the point, else says what to do as it ends. */
static struct point begin(const char *kind) {
    static unsigned long seen;
    struct point none = {0, 0, 0}, here = none;
    char text[64], side[16], wanted[16];
    if (trigger[0] == '\0') return none;
    int fd = raw_open(AT_FDCWD, trigger, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return none;
    ssize_t n = syscall(SYS_read, fd, text, sizeof text - 1);
    raw_close(fd);
    if (n <= 0) return none;
    text[n] = '\0';
    if (sscanf(text, "%15s %15s %lu", side, wanted, &here.nth) != 3 || strcmp(wanted, kind) != 0) return none;
    here.after = strcmp(side, "after") == 0;
    here.armed = __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST) == here.nth;
    if (here.armed && !here.after) die();
    return here;
}

static void end(struct point here) {
    if (here.armed && here.after) die();
}

/* ---- opening ---- */

static void opened(int fd, int flags) {
    struct stat st, held;
    char path[PATH_MAX], full[2 * PATH_MAX];
    int before = errno;
    if (fd < 0 || !active() || (flags & O_PATH) || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return;
    const char *name = path_of(fd, path) == 0 ? below(path) : NULL;
    pthread_mutex_lock(&lock);
    struct file *f = find(&st);
    if (name == NULL) {
        if (f != NULL) forget(f); /* the inode was used again elsewhere */
    } else {
        if (f == NULL) {
            f = calloc(1, sizeof *f);
            if (f == NULL) give_up("follow", path);
            f->dev = st.st_dev, f->ino = st.st_ino, f->cut = f->image = -1;
            f->next = files, files = f;
            in_image(name, full);
            f->whole = st.st_size > 0 && (stat(full, &held) != 0 || held.st_size != st.st_size);
        }
        snprintf(f->path, sizeof f->path, "%s", name);
        if (flags & O_TRUNC) shorten(f, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = before;
}

int openat(int at, const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | __O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    int fd = raw_open(at, path, flags, mode);
    opened(fd, flags);
    return fd;
}

int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | __O_TMPFILE)) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    return openat(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));
int openat64(int at, const char *path, int flags, ...) __attribute__((alias("openat")));

/* ---- changing content ---- */

/* Runs `change` on the followed file behind a descriptor, if it is one. */
#define FOLLOWED(fd, change)                                 \
    do {                                                     \
        struct stat st_;                                     \
        int before_ = errno;                                 \
        if (active() && fstat(fd, &st_) == 0) {              \
            pthread_mutex_lock(&lock);                       \
            struct file *f = find(&st_);                     \
            if (f != NULL) { change; }                       \
            pthread_mutex_unlock(&lock);                     \
        }                                                    \
        errno = before_;                                     \
    } while (0)

/* Data that was written at the descriptor's own place, which is now behind it. */
static ssize_t wrote(int fd, ssize_t n) {
    if (n > 0) FOLLOWED(fd, off_t at = (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR); mark(f, at - n, at));
    return n;
}

static ssize_t wrote_at(int fd, ssize_t n, off_t at) {
    if (n > 0) FOLLOWED(fd, mark(f, at, at + n));
    return n;
}

ssize_t write(int fd, const void *data, size_t size) {
    return wrote(fd, syscall(SYS_write, fd, data, size));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    return wrote(fd, syscall(SYS_writev, fd, parts, count));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    return wrote_at(fd, syscall(SYS_pwrite64, fd, data, size, at), at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    return wrote_at(fd, syscall(SYS_pwritev, fd, parts, count, at, 0L), at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) __attribute__((alias("pwrite")));
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) __attribute__((alias("pwritev")));

ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t size, unsigned flags) {
    ssize_t n = syscall(SYS_copy_file_range, from, from_at, to, to_at, size, flags);
    if (n > 0) FOLLOWED(to, f->whole = 1);
    return n;
}

ssize_t sendfile(int to, int from, off_t *at, size_t size) {
    ssize_t n = syscall(SYS_sendfile, to, from, at, size);
    if (n > 0) FOLLOWED(to, f->whole = 1);
    return n;
}

ssize_t sendfile64(int to, int from, off_t *at, size_t size) __attribute__((alias("sendfile")));

int ftruncate(int fd, off_t length) {
    int failed = (int)syscall(SYS_ftruncate, fd, length);
    if (!failed) FOLLOWED(fd, shorten(f, length));
    return failed;
}

int ftruncate64(int fd, off_t length) __attribute__((alias("ftruncate")));

int fallocate(int fd, int mode, off_t at, off_t length) {
    int failed = (int)syscall(SYS_fallocate, fd, mode, at, length);
    if (!failed) FOLLOWED(fd, f->whole = 1);
    return failed;
}

int fallocate64(int fd, int mode, off_t at, off_t length) __attribute__((alias("fallocate")));

int posix_fallocate(int fd, off_t at, off_t length) {
    return fallocate(fd, 0, at, length) == 0 ? 0 : errno;
}

int posix_fallocate64(int fd, off_t at, off_t length) __attribute__((alias("posix_fallocate")));

/* ---- making durable ---- */

static int sync_now(int fd, long call) {
    struct point here = {0, 0, 0};
    int changed = 0;
    FOLLOWED(fd, changed = is_dirty(f));
    if (changed) here = begin("sync");
    int failed = (int)syscall(call, fd);
    if (!failed) FOLLOWED(fd, persist(f, fd));
    end(here);
    return failed;
}

int fsync(int fd) {
    return sync_now(fd, SYS_fsync);
}

int fdatasync(int fd) {
    return sync_now(fd, SYS_fdatasync);
}

/* ---- names that change ---- */

static void removed(const char *name) {
    char full[2 * PATH_MAX];
    struct file *f = find_by_path(name);
    if (f != NULL) forget(f);
    in_image(name, full);
    if (syscall(SYS_unlinkat, AT_FDCWD, full, 0) != 0 && errno != ENOENT && errno != EISDIR) give_up("remove", full);
}

static void renamed(const char *from, const char *to) {
    char old[2 * PATH_MAX], new[2 * PATH_MAX];
    struct file *moved = from == NULL ? NULL : find_by_path(from);
    struct file *hidden = to == NULL ? NULL : find_by_path(to);
    if (hidden != NULL && hidden != moved) forget(hidden);
    if (to == NULL) {
        removed(from);
        return;
    }
    if (moved != NULL) snprintf(moved->path, sizeof moved->path, "%s", to);
    in_image(to, new);
    if (from != NULL) {
        in_image(from, old);
        make_parents(new);
        if (syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new, 0) == 0) return;
        if (errno != ENOENT) give_up("rename", old);
    }
    struct stat st;
    snprintf(old, sizeof old, "%s/%s", folder, to);
    if (stat(old, &st) != 0 || !S_ISREG(st.st_mode)) return;
    raw_close(create_in_image(to, st.st_mode, O_TRUNC)); /* a name without durable content */
}

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    char old[PATH_MAX], new[PATH_MAX];
    const char *source = NULL, *target = NULL;
    if (active() && resolve(from_at, from, old) == 0) source = below(old);
    if (active() && resolve(to_at, to, new) == 0) target = below(new);
    int failed = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags), before = errno;
    if (!failed && (source != NULL || target != NULL)) {
        pthread_mutex_lock(&lock);
        renamed(source, target);
        pthread_mutex_unlock(&lock);
    }
    errno = before;
    return failed;
}

int renameat(int from_at, const char *from, int to_at, const char *to) {
    return renameat2(from_at, from, to_at, to, 0);
}

int rename(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int at, const char *path, int flags) {
    char full[PATH_MAX];
    const char *name = NULL;
    if (active() && !(flags & AT_REMOVEDIR) && resolve(at, path, full) == 0) name = below(full);
    int failed = (int)syscall(SYS_unlinkat, at, path, flags), before = errno;
    if (!failed && name != NULL) {
        pthread_mutex_lock(&lock);
        removed(name);
        pthread_mutex_unlock(&lock);
    }
    errno = before;
    return failed;
}

int unlink(const char *path) {
    return unlinkat(AT_FDCWD, path, 0);
}

/* ---- starting processes ---- */

typedef int spawn_call(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                       char *const[], char *const[]);

static int spawn_as(const char *name, pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                    const posix_spawnattr_t *attributes, char *const args[], char *const env[]) {
    spawn_call *real = (spawn_call *)dlsym(RTLD_NEXT, name);
    struct point here = begin("spawn");
    int failed = real(pid, path, actions, attributes, args, env);
    end(here);
    return failed;
}

int posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *restrict actions,
                const posix_spawnattr_t *restrict attributes, char *const args[restrict],
                char *const env[restrict]) {
    return spawn_as("posix_spawn", pid, path, actions, attributes, args, env);
}

int posix_spawnp(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *restrict actions,
                 const posix_spawnattr_t *restrict attributes, char *const args[restrict],
                 char *const env[restrict]) {
    return spawn_as("posix_spawnp", pid, path, actions, attributes, args, env);
}
