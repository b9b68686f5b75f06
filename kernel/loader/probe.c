/* SPDX-License-Identifier: MIT */
/*
 * probe.c - both ends of the probe
 *
 * dlopen() runs constructors, then the loader runs the load function, and what
 * crashes in either takes its process with it. So a child does both first, with
 * the same copies. It is spawned, not forked, since what forks has threads that
 * hold locks. It has no kernel: a load function says what endpoints there are,
 * and is asked nothing. What that function says is judged when the server runs
 * it; here only whether it comes to an end.
 *
 * On descriptor 3, where code that prints does no harm, the child says a line
 * before each step and one after it: "map", "name NAME" or "fail REASON";
 * "load", "loaded". What it did not say when it ended is what it was doing.
 */

#include "probe.h"

#include "module.h"

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

/* (nullable): NULL where it cannot be mapped */
static void *
probe_map(const char *path)
{
    void *handle;

    dprintf(REPORT_FD, "map\n");
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        dprintf(REPORT_FD, "fail %s\n", dlerror());
    return handle;
}

/* The module is never freed: the process ends with it. */
static void
probe_load(const char *uri, const FulcraModuleDescriptor *descriptor)
{
    g_autoptr(GError) error = NULL;

    dprintf(REPORT_FD, "load\n");
    if (descriptor != NULL && descriptor->load != NULL)
        fulcra__module_load(fulcra__module_new(NULL, uri), descriptor, &error);
    dprintf(REPORT_FD, "loaded\n");
}

static bool
probe_one(const char *uri, const char *path)
{
    const FulcraModuleDescriptor *descriptor;
    void *handle = probe_map(path);

    if (handle == NULL)
        return false;
    descriptor = dlsym(handle, "fulcra_module");
    dprintf(REPORT_FD, "name %s\n",
            descriptor != NULL && descriptor->name != NULL ? descriptor->name
                                                           : "");
    probe_load(uri, descriptor);
    return true;
}

int
fulcra_host_probe_main(const char *const *modules)
{
    static const struct rlimit no_core = { 0, 0 };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &no_core);
    for (; modules[0] != NULL && modules[1] != NULL; modules += 2)
        if (!probe_one(modules[0], modules[1]))
            break;
    _exit(0); /* destructors are not what is asked about */
}

/* --- the parent --- */

typedef struct {
    pid_t pid;
    int report;    /* descriptor */
    GString *said; /* what came of it */
    unsigned timeout_ms;
    int64_t deadline; /* monotonic microseconds */
    bool hangs;
    int status; /* as waitpid() says it */
} Child;

/* (transfer full) */
static const char **
make_arguments(const FulcraProbe *self, const char *const *uris,
        FulcraLibrary *const *libraries, size_t n)
{
    GPtrArray *arguments = g_ptr_array_new();

    for (const char *const *word = self->command; *word != NULL; word++)
        g_ptr_array_add(arguments, (char *)*word);
    for (size_t i = 0; i < n; i++) {
        g_ptr_array_add(arguments, (char *)uris[i]);
        g_ptr_array_add(arguments, libraries[i]->copy);
    }
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
child_start(Child *self, const char *const *arguments, GError **error)
{
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

/* Reads to the end; false where time is up. Something that the
 * code started may hold the pipe open, but then it is not the child that is
 * asked. */
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

/* The end of the pipe is the end of the child, unless the code closed it.
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

static void
child_reap(Child *self)
{
    if (self->hangs)
        kill(self->pid, SIGKILL);
    while (waitpid(self->pid, &self->status, 0) < 0 && errno == EINTR)
        ;
    close(self->report);
}

/* What a step did that did not come to its end. */
typedef struct {
    const char *crashes, *ends, *hangs;
} Step;

static const Step constructors = { "its constructors crash",
    "its constructors end", "its constructors hang" };
static const Step load_function = { "its load function crashes",
    "its load function ends", "its load function hangs" };

static bool
say_how_it_ended(const Step *step, int status, GError **error)
{
    if (WIFSIGNALED(status))
        return fulcra__refuse(error,
                "%s: signal %d (%s), in a child process that loaded it first",
                step->crashes, WTERMSIG(status), strsignal(WTERMSIG(status)));
    return fulcra__refuse(error,
            "%s the process, with status %d: a child process loaded it first",
            step->ends, WEXITSTATUS(status));
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

static bool
say_what_failed(const Child *self, const Step *step, GError **error)
{
    if (!self->hangs)
        return say_how_it_ended(step, self->status, error);
    return fulcra__refuse(error,
            "%s: not loaded within %u ms, in a child process that loaded it "
            "first",
            step->hangs, self->timeout_ms);
}

/* Each has four lines: before and after it is mapped, before and after its load
 * function. The last line of all is not complete. */
static bool
judge(const Child *self, FulcraLibrary *const *libraries, size_t n,
        size_t *failed, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(self->said->str, "\n", -1);
    size_t n_lines = g_strv_length(lines) - 1;

    for (*failed = 0; *failed < n; (*failed)++) {
        size_t at = *failed * 4;

        if (n_lines <= at + 1)
            return say_what_failed(self, &constructors, error);
        if (!judge_line(libraries[*failed], lines[at + 1], error))
            return false;
        if (n_lines <= at + 3)
            return say_what_failed(self, &load_function, error);
    }
    return true;
}

bool
fulcra__probe_run(const FulcraProbe *self, const char *const *uris,
        FulcraLibrary *const *libraries, size_t n_libraries, size_t *failed,
        GError **error)
{
    Child child = { .timeout_ms = self->timeout_ms,
        .deadline = g_get_monotonic_time() + (int64_t)self->timeout_ms * 1000 };
    g_autofree const char **arguments = NULL;
    bool fine;

    *failed = 0;
    if (self->command == NULL || n_libraries == 0)
        return true;
    arguments = make_arguments(self, uris, libraries, n_libraries);
    if (!child_start(&child, arguments, error))
        return false;
    child.said = g_string_new(NULL);
    child.hangs = !child_listen(&child) || !child_await(&child);
    child_reap(&child);
    fine = judge(&child, libraries, n_libraries, failed, error);
    g_string_free(child.said, true);
    return fine;
}
