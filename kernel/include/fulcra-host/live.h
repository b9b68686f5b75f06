/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Following resources
 *
 * A follower is told what a resource is, and again each time it expires and
 * has changed. Followers for whom the resource is the same share one live
 * resource: it is evaluated once per change, as a root request in the scope of
 * one of them, and what it has become is published to one topic. Overlays on
 * the way in are asked by each follower for itself, at first and whenever their
 * own answers expire.
 *
 * The followers of one event loop share a queue; a bounded number of them is
 * served in one turn. All calls on the loop's thread but for those that say
 * otherwise.
 */

#include <fulcra-host/context.h>
#include <fulcra-host/kernel.h>
#include <fulcra-host/topic.h>

G_BEGIN_DECLS

typedef struct _FulcraFollower FulcraFollower;
typedef struct _FulcraFollowers FulcraFollowers;

/* All are called on the loop's thread. */
typedef struct {
    /* What it follows is published to @topic from now on. @value: the last
     * message of the topic is what it is now; otherwise the resource is the
     * topic. Called again where that has become another one. */
    void (*follows)(FulcraFollower *self, FulcraTopic *topic, bool value,
            void *user_data);
    /* It cannot be evaluated any more; it is tried again by itself, and a value
     * is published when that has succeeded. Once for each time it begins to. */
    void (*failed)(FulcraFollower *self, const GError *error, void *user_data);
    /* It could not be followed, or an overlay does not let it pass any more.
     * Nothing is called after that. */
    void (*ended)(FulcraFollower *self, const GError *error, void *user_data);
} FulcraFollowerClass;

/** For one loop, before it is started. (transfer full) */
FulcraFollowers *fulcra_host_followers_new(
        FulcraKernel *kernel, FulcraExecutor *loop);

/** The loop has stopped; those who follow have left. */
void fulcra_host_followers_free(FulcraFollowers *self);

/**
 * fulcra_host_follower_new:
 * @front: URI of the space in which @identifier is resolved
 * @context: (transfer none) (nullable): the dynamic part of the scope
 *
 * Follows nothing before fulcra_host_follower_begin().
 *
 * Returns: (transfer full): to be given to fulcra_host_follower_leave()
 */
FulcraFollower *fulcra_host_follower_new(FulcraFollowers *home,
        const char *front, FulcraContext *context, FulcraIdentifier *identifier,
        const FulcraFollowerClass *klass, void *user_data);

/**
 * fulcra_host_follower_watch_roots:
 * @watch: called on any thread, with a lock held: it may add tracers, and asks
 *     for nothing
 * @release: (nullable): called with @user_data in the end, on any thread
 *
 * Before it begins: @watch is given each root request that is made for @self,
 * alone or in common with others, before that is issued.
 */
void fulcra_host_follower_watch_roots(FulcraFollower *self,
        void (*watch)(FulcraRequest *root, void *user_data), void *user_data,
        GDestroyNotify release);

/** Asks. `follows` or `ended` will be called, maybe before this returns. */
void fulcra_host_follower_begin(FulcraFollower *self);

/** Nothing is called after this. @self: (transfer full) (nullable) */
void fulcra_host_follower_leave(FulcraFollower *self);

/** Whether `failed` was called and nothing was published since. */
bool fulcra_host_follower_is_failing(FulcraFollower *self);

G_END_DECLS
