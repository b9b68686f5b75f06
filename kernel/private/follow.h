/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Following resources, inside the kernel
 *
 *   way in     what a request that passed overlays found behind them (way_in.c)
 *   live       a resource that somebody follows, and its topic       (live.c)
 *   follower   one who follows, on an event loop                 (follower.c)
 *
 * Locks, outermost first: the table of live resources, a live resource, the
 * watches of the cut clock, the queue of a loop's followers. Whoever is told of
 * a cut has the lock of the watches, so it only takes note.
 */

#include "private/cut.h"
#include "private/deadline.h"
#include "private/request.h"
#include <fulcra-host/live.h>

/* --- ways in: way_in.c --- */

struct _FulcraWayIn {
    bool reached;        /* something behind the overlays has answered */
    bool plain;          /* and is, for all overlays, what the root asked for */
    unsigned n_overlays; /* 0: what was reached is the root itself */
    const char *why_not, *why_unknown; /* (nullable) static: see cache.h */
    FulcraContext *context;
    FulcraLedger *ledger;
    FulcraRepresentation *answer; /* (nullable): NULL where it failed */
};

/** @self, a root that was not issued, is a subscription. */
FulcraRequest *fulcra__request_new_following(FulcraKernel *kernel,
        const char *front, FulcraContext *context,
        FulcraIdentifier *identifier);

/** For such a root: past its overlays, which are not asked. */
void fulcra__request_skip_overlays(FulcraRequest *self);

/** @self was the last on the way in of its root, and has its answer or error.
 * The ledgers of the overlays hold only what they asked themselves. */
void fulcra__way_in_reached(FulcraRequest *self);

/** Once @root has its answer. (transfer full) */
FulcraWayIn *fulcra__way_in_take(FulcraRequest *root);
void fulcra__way_in_free(FulcraWayIn *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraWayIn, fulcra__way_in_free)

/* --- alarms: alarm.c --- */

/* A time at which something is to be looked at. */
typedef struct _FulcraAlarm FulcraAlarm;
struct _FulcraAlarm {
    FulcraDeadline deadline;
    void (*hold)(FulcraAlarm *self); /* takes a reference for @ring */
    void (*ring)(FulcraAlarm *self); /* releases it */
};

/** What alarms are set in. (transfer full) */
FulcraDeadlines *fulcra__alarms_new(void);

/** @in_us: from now; negative: never. Replaces what was set; the calls for one
 * alarm do not overlap. */
void fulcra__alarm_set(
        FulcraDeadlines *deadlines, FulcraAlarm *self, int64_t in_us);

/** Whether what @request, a root that was answered, depended on has changed
 * since: something was cut, or spaces were published, of which the cut may have
 * come before its evaluation began. @ledger: (nullable) */
bool fulcra__request_was_overtaken(
        FulcraRequest *request, const FulcraLedger *ledger);

/** In how many microseconds what @ledger says has to be looked at again, by its
 * time or its checks; negative: never. At least 100 milliseconds. */
int64_t fulcra__ledger_next_look(const FulcraLedger *ledger);

/* --- live resources: live.c --- */

typedef struct _FulcraLive FulcraLive;
typedef struct _FulcraLives FulcraLives;

FulcraLives *fulcra__lives_new(FulcraKernel *kernel);
void fulcra__lives_stop(FulcraLives *self); /* nothing is evaluated any more */
void fulcra__lives_free(FulcraLives *self);

FulcraDeadlines *fulcra__lives_get_deadlines(FulcraLives *self);

/* What was found: who has the same in all of it follows the same. */
typedef struct {
    FulcraIdentifier *identifier;
    const char *front; /* interned */
    unsigned n_overlays;
    const FulcraLedger *ledger; /* for what it notes */
} FulcraLiveKey;

/* In the list of a live resource, guarded by its lock. */
typedef struct {
    FulcraFollower *previous, *next;
    FulcraContext *context; /* (nullable): what it is evaluated in, held */
    FulcraTable *table;     /* (nullable): that layers of it are of, held */
} FulcraLiveMember;

/** @follower joins the live resource of @key. Where there is none it is made,
 * with what @request came to: @answer or @error, of which one is NULL. Its
 * member has context and table. (transfer full) */
FulcraLive *fulcra__live_join(FulcraLives *lives, const FulcraLiveKey *key,
        FulcraFollower *follower, FulcraRequest *request,
        FulcraRepresentation *answer, const GError *error);

/** Whether it still is what was found with that key. */
bool fulcra__live_is(FulcraLive *self, const FulcraLiveKey *key);

/** Whether its followers were told to ask for themselves. */
bool fulcra__live_is_over(FulcraLive *self);

void fulcra__live_member_clear(FulcraLiveMember *self);

/** Replaces the context of @follower by that of @fresh, which is emptied. */
void fulcra__live_refresh(
        FulcraLive *self, FulcraFollower *follower, FulcraLiveMember *fresh);

/** @self: (transfer full) */
void fulcra__live_leave(FulcraLive *self, FulcraFollower *follower);

FulcraTopic *fulcra__live_get_topic(FulcraLive *self);

/** How often it has begun to fail; 0 while it does not. @error: (out)
 * (optional) (transfer full) */
unsigned fulcra__live_is_failing(FulcraLive *self, GError **error);

/* --- followers: follower.c, and their queues: followers.c --- */

/* What a follower begins with. */
typedef struct _FulcraQueued FulcraQueued;
struct _FulcraQueued {
    FulcraRefs refs;
    FulcraFollowers *home; /* held */
    atomic_uint news;      /* FulcraFollowerNews, joined */
    bool is_queued;        /* guarded by the lock of its home */
    FulcraQueued *next;    /* likewise */
};

/** @queued: all zero; it has one reference then. */
void fulcra__followers_add(FulcraFollowers *self, FulcraQueued *queued);
void fulcra__followers_unref(FulcraFollowers *self);
FulcraKernel *fulcra__followers_get_kernel(FulcraFollowers *self);

typedef enum {
    FULCRA__FOLLOWER_ASK = 1,    /* to be asked for anew */
    FULCRA__FOLLOWER_FAILED = 2, /* the live resource fails */
} FulcraFollowerNews;

/** Any thread, any lock: its loop will look at it. */
void fulcra__follower_tell(FulcraFollower *self, FulcraFollowerNews news);

/** On its loop: what it was told. */
void fulcra__follower_take(FulcraFollower *self, unsigned news);
FulcraFollower *fulcra__follower_ref(FulcraFollower *self);
void fulcra__follower_unref(FulcraFollower *self);
FulcraLiveMember *fulcra__follower_get_member(FulcraFollower *self);

/** Whether somebody watches the roots that are made for it. */
bool fulcra__follower_is_watched(FulcraFollower *self);

/** Any thread; @self does not go meanwhile. */
void fulcra__follower_show_root(FulcraFollower *self, FulcraRequest *root);

/** Until the next try, in microseconds: from 1 s, doubling, to 30 s. */
int64_t fulcra__backoff(unsigned *milliseconds);
