/* SPDX-License-Identifier: MIT */

/*
 * followers.c - the followers of one event loop: who has something to look at
 *
 * Any thread puts a follower into the queue, once. The loop's task takes a few
 * of them and posts itself again for the next turn, so that ten thousand who
 * are to ask anew do not keep the loop from its sockets.
 */

#include "private/follow.h"
#include "private/run.h"

#define SLICE 64 /* in one turn of the loop */

struct _FulcraFollowers {
    FulcraRefs refs; /* the transport's, and one of each follower */
    FulcraKernel *kernel;
    FulcraExecutor *loop;
    FulcraTask task;
    pthread_mutex_t lock; /* guards what follows */
    FulcraQueued *first, **last;
    bool posted, closed;
};

static FulcraFollower *
follower_of(FulcraQueued *queued)
{
    return (FulcraFollower *)(void *)queued;
}

/* (transfer full) (nullable) */
static FulcraFollower *
followers_pop(FulcraFollowers *self)
{
    pthread_mutex_lock(&self->lock);
    FulcraQueued *queued = self->first;
    if (queued != NULL) {
        self->first = queued->next;
        if (self->first == NULL)
            self->last = &self->first;
        queued->is_queued = false;
    }
    pthread_mutex_unlock(&self->lock);
    return queued == NULL ? NULL : follower_of(queued);
}

static void
followers_run(FulcraTask *task)
{
    FulcraFollowers *self = FULCRA__CONTAINER_OF(task, FulcraFollowers, task);
    FulcraFollower *follower;

    for (int i = 0; i < SLICE && (follower = followers_pop(self)) != NULL;
            i++) {
        FulcraQueued *queued = (FulcraQueued *)(void *)follower;

        fulcra__follower_take(follower, atomic_exchange(&queued->news, 0));
        fulcra__follower_unref(follower);
    }
    pthread_mutex_lock(&self->lock);
    self->posted = self->first != NULL && !self->closed;
    if (self->posted)
        self->loop->post(self->loop, &self->task);
    pthread_mutex_unlock(&self->lock);
}

FulcraFollowers *
fulcra_host_followers_new(FulcraKernel *kernel, FulcraExecutor *loop)
{
    FulcraFollowers *self = g_new0(FulcraFollowers, 1);

    fulcra_refs_init(&self->refs);
    self->kernel = kernel;
    self->loop = loop;
    self->task.run = followers_run;
    pthread_mutex_init(&self->lock, NULL);
    self->last = &self->first;
    return self;
}

void
fulcra__followers_unref(FulcraFollowers *self)
{
    if (!fulcra_refs_drop(&self->refs))
        return;
    pthread_mutex_destroy(&self->lock);
    g_free(self);
}

void
fulcra_host_followers_free(FulcraFollowers *self)
{
    FulcraFollower *follower;

    pthread_mutex_lock(&self->lock);
    self->closed = true;
    pthread_mutex_unlock(&self->lock);
    while ((follower = followers_pop(self)) != NULL)
        fulcra__follower_unref(follower);
    fulcra__followers_unref(self);
}

FulcraKernel *
fulcra__followers_get_kernel(FulcraFollowers *self)
{
    return self->kernel;
}

void
fulcra__followers_add(FulcraFollowers *self, FulcraQueued *queued)
{
    fulcra_refs_init(&queued->refs);
    fulcra_refs_take(&self->refs);
    queued->home = self;
}

void
fulcra__follower_tell(FulcraFollower *follower, FulcraFollowerNews news)
{
    FulcraQueued *queued = (FulcraQueued *)(void *)follower;
    FulcraFollowers *self = queued->home;

    atomic_fetch_or(&queued->news, (unsigned)news);
    pthread_mutex_lock(&self->lock);
    if (!queued->is_queued && !self->closed) {
        fulcra__follower_ref(follower);
        queued->is_queued = true;
        queued->next = NULL;
        *self->last = queued;
        self->last = &queued->next;
        if (!self->posted)
            self->loop->post(self->loop, &self->task);
        self->posted = true;
    }
    pthread_mutex_unlock(&self->lock);
}
