/* SPDX-License-Identifier: MIT */
/*
 * probe.c - both ends of the probe
 *
 * dlopen() runs constructors, and one that crashes takes its process with it.
 * So a child maps the same copies first. It is spawned, not forked, since what
 * forks has threads that hold locks.
 *
 * On descriptor 3, where constructors that print do no harm, the child says a
 * line for each step: "load" before a shared object is mapped, "name NAME"
 * after it, "fail REASON" where it cannot be. What it did not say when it ended
 * is what it was doing.
 */

#include "probe.h"

#include <fulcra-host/change.h>
#include <fulcra/error.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPORT_FD  3
#define REPORT_MAX 65536u /* bytes that are read of what the child says */

/* --- the child --- */

static bool
probe_one(const char *path)
{
    const FulcraModuleDescriptor *descriptor;
    void *handle;

    dprintf(REPORT_FD, "load\n");
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        dprintf(REPORT_FD, "fail %s\n", dlerror());
        return false;
    }
    descriptor = dlsym(handle, "fulcra_module");
    if (descriptor == NULL || descriptor->name == NULL) {
        dprintf(REPORT_FD, "name \n");
        return true;
    }
    dprintf(REPORT_FD, "name %s\n", descriptor->name);
    return true;
}

int
fulcra_host_probe_main(const char *const *paths)
{
    static const struct rlimit no_core = { 0, 0 };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &no_core);
    for (; *paths != NULL; paths++)
        if (!probe_one(*paths))
            break;
    _exit(0); /* destructors are not what is asked about */
}

/* --- the parent --- */

typedef struct {
    pid_t pid;
    int report;       /* descriptor */
    GString *said;    /* what came of it */
    int64_t deadline; /* monotonic microseconds */
} Child;

/* (transfer full) */
static const char **
make_arguments(
        const FulcraProbe *self, FulcraLibrary *const *libraries, size_t n)
{
    GPtrArray *arguments = g_ptr_array_new();

    for (const char *const *word = self->command; *word != NULL; word++)
        g_ptr_array_add(arguments, (char *)*word);
    for (size_t i = 0; i < n; i++)
        g_ptr_array_add(arguments, libraries[i]->copy);
    g_ptr_array_add(arguments, NULL);
    return (const char **)g_ptr_array_free(arguments, false);
}

static int
spawn(Child *self, const char *const *arguments, int report)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults, none;
    int result;

    sigfillset(&defaults);
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(
            &attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(
            &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(
            &actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(
            &actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, report, REPORT_FD);
    result = posix_spawn(&self->pid, arguments[0], &actions, &attributes,
            (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return result;
}

static bool
child_start(Child *self, const FulcraProbe *probe,
        FulcraLibrary *const *libraries, size_t n, GError **error)
{
    g_autofree const char **arguments = make_arguments(probe, libraries, n);
    int ends[2], result;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return fulcra__refuse(
                error, "cannot be probed: no pipe: %s", g_strerror(errno));
    /* dup2() onto itself would leave it to be closed. */
    if (ends[1] == REPORT_FD)
        ends[1] = fcntl(ends[1], F_DUPFD_CLOEXEC, REPORT_FD + 1);
    result = spawn(self, arguments, ends[1]);
    close(ends[1]);
    self->report = ends[0];
    if (result == 0)
        return true;
    close(ends[0]);
    return fulcra__refuse(error, "cannot be probed: %s: %s", arguments[0],
            g_strerror(result));
}

static int
milliseconds_left(const Child *self)
{
    int64_t left = (self->deadline - g_get_monotonic_time() + 999) / 1000;

    return (int)CLAMP(left, 0, INT_MAX);
}

/* Reads to the end; false where time is up. Something that a constructor
 * started may hold the pipe open, but then it is not the child that is asked.
 */
static bool
child_listen(Child *self)
{
    struct pollfd poll_fd = { self->report, POLLIN, 0 };
    char block[1024];

    for (;;) {
        int ready = poll(&poll_fd, 1, milliseconds_left(self));
        ssize_t got;

        if (ready == 0)
            return false;
        got = ready < 0 ? -1 : read(self->report, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || self->said->len + (size_t)got > REPORT_MAX)
            return true;
        g_string_append_len(self->said, block, got);
    }
}

/* The end of the pipe is the end of the child, unless a constructor closed it.
 * False where time is up. */
static bool
child_await(Child *self)
{
    struct pollfd poll_fd = { .events = POLLIN };
    int ready;

    poll_fd.fd = (int)syscall(SYS_pidfd_open, self->pid, 0);
    if (poll_fd.fd < 0)
        return true; /* a kernel before 5.3 */
    do
        ready = poll(&poll_fd, 1, milliseconds_left(self));
    while (ready < 0 && errno == EINTR);
    close(poll_fd.fd);
    return ready != 0;
}

/* Returns what waitpid() says. */
static int
child_reap(Child *self, bool kills)
{
    int status = 0;

    if (kills)
        kill(self->pid, SIGKILL);
    while (waitpid(self->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(self->report);
    return status;
}

static bool
say_how_it_ended(int status, GError **error)
{
    if (WIFSIGNALED(status))
        return fulcra__refuse(error,
                "its constructors crash: signal %d (%s), in a child process "
                "that loaded it first",
                WTERMSIG(status), strsignal(WTERMSIG(status)));
    return fulcra__refuse(error,
            "its constructors end the process, with status %d: a child "
            "process loaded it first",
            WEXITSTATUS(status));
}

static bool
judge_line(FulcraLibrary *library, const char *line, GError **error)
{
    g_autofree char *message = NULL;

    if (g_str_has_prefix(line, "name ")) {
        library->name = g_strdup(line + strlen("name "));
        return true;
    }
    message = fulcra__library_explain(library, line + strlen("fail "));
    return fulcra__refuse(error, "%s", message);
}

/* Each has two lines, "load" and what came of it. */
static bool
judge(Child *self, bool hangs, int status, unsigned timeout_ms,
        FulcraLibrary *const *libraries, size_t n, size_t *failed,
        GError **error)
{
    g_auto(GStrv) lines = g_strsplit(self->said->str, "\n", -1);
    size_t n_lines = g_strv_length(lines) - 1; /* the last is not complete */

    for (*failed = 0; *failed < n; (*failed)++) {
        size_t at = *failed * 2 + 1;

        if (at < n_lines) {
            if (!judge_line(libraries[*failed], lines[at], error))
                return false;
        } else if (hangs) {
            return fulcra__refuse(error,
                    "its constructors hang: not loaded within %u ms, in a "
                    "child process that loaded it first",
                    timeout_ms);
        } else {
            return say_how_it_ended(status, error);
        }
    }
    return true;
}

bool
fulcra__probe_run(const FulcraProbe *self, FulcraLibrary *const *libraries,
        size_t n_libraries, size_t *failed, GError **error)
{
    Child child = { .deadline = g_get_monotonic_time() +
                                (int64_t)self->timeout_ms * 1000 };
    bool hangs, fine;
    int status;

    *failed = 0;
    if (self->command == NULL || n_libraries == 0)
        return true;
    if (!child_start(&child, self, libraries, n_libraries, error))
        return false;
    child.said = g_string_new(NULL);
    hangs = !child_listen(&child) || !child_await(&child);
    status = child_reap(&child, hangs);
    fine = judge(&child, hangs, status, self->timeout_ms, libraries,
            n_libraries, failed, error);
    g_string_free(child.said, true);
    return fine;
}
