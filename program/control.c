/* SPDX-License-Identifier: MIT */

/*
 * control.c - see control.h
 *
 * GLib's main loop with a queue of our own: hand-overs under its locks are
 * invisible to ThreadSanitizer.
 */

#include "control.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct _FulcraControl {
    GMainLoop *loop;
    int wake; /* an eventfd */
    unsigned source;
    pthread_mutex_t lock;
    FulcraTask *first, *last; /* guarded by lock */
    bool closed;              /* likewise */
};

static FulcraTask *
take_all(FulcraControl *self)
{
    pthread_mutex_lock(&self->lock);
    FulcraTask *tasks = g_steal_pointer(&self->first);
    self->last = NULL;
    pthread_mutex_unlock(&self->lock);
    return tasks;
}

static void
run_all(FulcraControl *self)
{
    FulcraTask *task = take_all(self);

    while (task != NULL) {
        FulcraTask *next = task->next; /* run() may free it */

        task->run(task);
        task = next;
    }
}

static gboolean
on_wake(int fd, GIOCondition condition, void *data)
{
    uint64_t count;

    (void)condition;
    if (read(fd, &count, sizeof count) < 0 && errno != EAGAIN)
        g_error("cannot read an eventfd: %s", g_strerror(errno));
    run_all(data);
    return G_SOURCE_CONTINUE;
}

FulcraControl *
fulcra_control_new(void)
{
    FulcraControl *self = g_new0(FulcraControl, 1);

    self->loop = g_main_loop_new(NULL, FALSE);
    self->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake < 0)
        g_error("cannot make an eventfd: %s", g_strerror(errno));
    self->source = g_unix_fd_add(self->wake, G_IO_IN, on_wake, self);
    pthread_mutex_init(&self->lock, NULL);
    return self;
}

void
fulcra_control_free(FulcraControl *self)
{
    if (self == NULL)
        return;
    fulcra_control_close(self);
    g_source_remove(self->source);
    close(self->wake);
    g_main_loop_unref(self->loop);
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

/* Whether it was taken; @first: whether the queue was empty. */
static bool
push(FulcraControl *self, FulcraTask *task, bool *first)
{
    pthread_mutex_lock(&self->lock);
    bool taken = !self->closed;
    *first = self->first == NULL;
    if (taken) {
        task->next = NULL;
        if (*first)
            self->first = task;
        else
            self->last->next = task;
        self->last = task;
    }
    pthread_mutex_unlock(&self->lock);
    return taken;
}

bool
fulcra_control_post(FulcraControl *self, FulcraTask *task)
{
    uint64_t one = 1;
    bool first;

    if (!push(self, task, &first))
        return false;
    if (first && write(self->wake, &one, sizeof one) < 0)
        g_error("cannot write an eventfd: %s", g_strerror(errno));
    return true;
}

void
fulcra_control_run(FulcraControl *self)
{
    g_main_loop_run(self->loop);
}

void
fulcra_control_quit(FulcraControl *self)
{
    g_main_loop_quit(self->loop);
}

void
fulcra_control_close(FulcraControl *self)
{
    pthread_mutex_lock(&self->lock);
    self->closed = true;
    pthread_mutex_unlock(&self->lock);
    run_all(self);
}
