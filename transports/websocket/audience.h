/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Audiences: the sockets of one loop that are subscribed to one topic
 *
 * A publication is appended to each audience, under the topic's lock, and wakes
 * its loop once. At the end of the turn the audience joins what has come and
 * writes the joined bytes to every member that has nothing else waiting; the
 * others get references in their queues, under their limit and its policy.
 * The messages that come to a loop are numbered, and a member knows from which
 * number on it needs those of its topic, so that each gets all of them in
 * order, whichever way it gets them.
 *
 * All calls on the loop's thread, unless they say otherwise.
 */

#include "websocket/gather.h"
#include <fulcra-host/kernel.h>
#include <fulcra-host/topic.h>
#include <stdatomic.h>

typedef struct _FulcraAudience FulcraAudience;
typedef struct _FulcraMember FulcraMember; /* one socket in one audience */
typedef struct _FulcraSocketLoop FulcraSocketLoop;
typedef struct _FulcraWebSocket FulcraWebSocket;

#define FULCRA_AUDIENCE_FORMS 2 /* plain, compressed */

/* What one loop has of them. */
typedef struct {
    FulcraAudience *first, *last; /* those with something to deliver, in turn */
    uint64_t n_members;           /* that there ever were */
    uint8_t *scratch[FULCRA_AUDIENCE_FORMS]; /* (nullable): to join frames */

    /* Shared. */
    FulcraAudience *announced, *last_announced; /* guarded by the loop's lock */
    bool posted;                                /* likewise */
    FulcraTask task;
    _Atomic(int64_t) incoming; /* bytes published and not taken up */
    _Atomic(uint64_t) clock;   /* the number of the next publication */
} FulcraAudiences;

/**
 * fulcra__audience_join:
 * @value: of what was published while the socket cannot take it only the newest
 *     is kept, whatever the socket's policy says, and presence does not count
 *     it; otherwise all of it counts
 * @last: (out) (transfer full) (nullable): the last message before those that
 *     @socket will hear
 *
 * Lets @socket hear what is published to @topic from now on.
 *
 * Returns: (transfer full): to be given to fulcra__audience_leave() when it
 * unsubscribes or ends
 */
FulcraMember *fulcra__audience_join(FulcraWebSocket *socket, FulcraTopic *topic,
        bool value, FulcraRepresentation **last);
void fulcra__audience_leave(FulcraMember *member);

/** The socket has got its id: who lists the subscribers now sees it. */
void fulcra__audience_show(FulcraWebSocket *socket);

/** The socket ends: leaves what fulcra_topic_subscribe() joined. */
void fulcra__audience_leave_all(FulcraWebSocket *socket);

/** What was published before @clock goes into the queue of @socket, so that
 * what is sent now comes behind it. */
void fulcra__audience_catch_up(FulcraWebSocket *socket, uint64_t clock);

/** What the loop's audiences have got up to now. Any thread. */
uint64_t fulcra__audiences_clock(FulcraSocketLoop *home);

/** At the end of a turn: writes what is pending to members, in slices. */
void fulcra__audiences_deliver(FulcraSocketLoop *home);

void fulcra__audiences_init(FulcraSocketLoop *home);
void fulcra__audiences_clear(FulcraSocketLoop *home);

/* --- subscribing from any thread, in two steps --- */

/** A member that will hear what is published from now on, with the topic
 * locked; presence counts @handle. The loop keeps what is published until
 * fulcra__member_admit() or fulcra__member_dismiss(), provided that the outbox
 * holds the order for it before the topic is unlocked. (transfer full) */
FulcraMember *fulcra__member_new(
        FulcraSocketLoop *home, FulcraTopic *topic, FulcraSocket *handle);

/** @self: (transfer full): dropped where @socket is subscribed already */
void fulcra__member_admit(FulcraMember *self, FulcraWebSocket *socket);
void fulcra__member_dismiss(FulcraMember *self);

/** Ends the one that was admitted, if there is one. */
void fulcra__member_end(FulcraWebSocket *socket, FulcraTopic *topic);

/* --- between audience.c and member.c --- */

typedef struct {
    uint64_t number; /* among all that the loop gets */
    FulcraRepresentation *message;
} FulcraPending;

struct _FulcraAudience {
    FulcraTopicListener listener; /* first */
    FulcraSocketLoop *home;
    FulcraTopic *topic;
    _Atomic(uint64_t) end; /* behind the number of the last message */

    /* Guarded by the topic's lock. */
    unsigned refs;     /* members, being announced, being called */
    unsigned n_values; /* members of which only the newest counts */
    GArray *incoming;  /* FulcraPending: published, not taken up */
    size_t incoming_bytes;
    bool is_overrun; /* too much came: its members must go */

    /* Guarded by the lock of the loop's part. */
    bool is_announced;
    FulcraAudience *next_announced;

    /* The loop's. */
    GArray *pending;  /* FulcraPending: not delivered to all */
    unsigned n_round; /* of them are being delivered; 0: none are */
    FulcraMember *members, *last_member; /* in the order in which they came */
    FulcraMember *cursor;                /* (nullable): the next to be served */
    FulcraAudience *next;                /* with something to deliver */
    unsigned n_listed; /* references that being among them holds */
};

struct _FulcraMember {
    FulcraMember *previous, *next; /* of the audience */
    FulcraWebSocket *socket;       /* (nullable): until it is admitted */
    FulcraSocket *handle;          /* held */
    uint64_t needs;                /* the messages with this number and above */
    uint64_t origin;
    FulcraAudience *audience;
    bool value;                  /* only the newest counts */
    bool direct;                 /* fulcra_topic_subscribe() made it */
    FulcraMember *next_followed; /* of the socket */
};

/* With the topic locked. */
FulcraAudience *fulcra__audience_need(
        FulcraSocketLoop *home, FulcraTopic *topic);

/** Whether @self is to be freed, when the topic is unlocked. */
bool fulcra__audience_drop(FulcraAudience *self);
void fulcra__audience_free(FulcraAudience *self);

/** What was published is now pending. Takes a reference; returns the number
 * behind the last. */
uint64_t fulcra__audience_take(FulcraAudience *self);
void fulcra__audience_unref(FulcraAudience *self);

static inline const FulcraPending *
fulcra__audience_get_pending(FulcraAudience *self, unsigned at)
{
    return &g_array_index(self->pending, FulcraPending, at);
}

/* The messages of a round, joined in one of the forms in which sockets take
 * them: see fulcra__handle_encode(). */
typedef struct {
    FulcraGather gather;
    bool is_made;
    uint64_t saved; /* bytes, by compressing them */
} FulcraJoined;

typedef struct {
    FulcraAudience *audience;
    uint64_t from, to; /* numbers; to: behind the last */
    FulcraJoined joined[FULCRA_AUDIENCE_FORMS];
} FulcraRound;

/** The pending message @at as @handle takes it. (transfer none) */
FulcraRepresentation *fulcra__audience_frame(
        FulcraAudience *self, unsigned at, FulcraSocket *handle);

/** What the round is for @handle. */
const FulcraJoined *fulcra__round_join(FulcraRound *self, FulcraSocket *handle);

/** Brings @self to the end of the round. @self may be gone afterwards. */
void fulcra__member_serve(FulcraMember *self, FulcraRound *round);
