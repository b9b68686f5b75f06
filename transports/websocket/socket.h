/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Sockets, inside the transport
 *
 * A socket has two halves, each a small state machine, and lives until both
 * have come to their end:
 *
 *   the wire  frames in, frames out, the closing handshake     (wire.c)
 *   the turn  NEW, one SINK at a time, DELETE                  (turn.c)
 *
 * They meet in fulcra__socket_end(): the wire says that nothing more will
 * come, the turn says when what came before has been answered.
 *
 * All of it belongs to the loop's thread, except what is said to be shared.
 * Other threads hold the handle, which is a weak name, and the layer, whose
 * struct may outlive both halves for as long as a request refers to it.
 */

#include "loop/loop.h"
#include "websocket/audience.h"
#include "websocket/inbox.h"
#include "websocket/message.h"
#include "websocket/outbound.h"
#include "websocket/strip.h"
#include "websocket/subscribe.h"
#include "websocket/websockets.h"
#include <fulcra-host/request.h>
#include <fulcra-host/socket.h>
#include <fulcra-host/stats.h>
#include <fulcra-host/values.h>

G_BEGIN_DECLS

typedef struct _FulcraSocketHandle FulcraSocketHandle;

typedef enum {
    FULCRA_HANDLE_OPEN,    /* takes messages, from NEW on */
    FULCRA_HANDLE_CLOSING, /* takes none any more */
    FULCRA_HANDLE_CLOSED,
} FulcraHandleState;

/* The weak name. It lies in the socket's struct, which it keeps, and nothing
 * else of the socket: once that has gone the handle says so. */
struct _FulcraSocketHandle {
    FulcraSocket base;
    atomic_uchar state; /* shared: FulcraHandleState, only grows */
    bool deflate;       /* permessage-deflate was negotiated; from the start */
    bool registered;    /* guarded by the registry's lock */
    bool gone;          /* the loop's thread only */
    atomic_uint n_followed; /* shared: subscriptions */
    /* (nullable): in the identifier; written before the handle is registered,
     * and cleared after it no longer is. */
    const char *id;
};

typedef enum {
    FULCRA_WIRE_NONE,    /* before the 101 */
    FULCRA_WIRE_OPEN,    /* frames both ways */
    FULCRA_WIRE_CLOSING, /* our Close is queued or sent; input is ignored */
    FULCRA_WIRE_SHUT,    /* nothing more is sent; input is thrown away */
    FULCRA_WIRE_CLOSED,
} FulcraWireState;

typedef enum {
    FULCRA_TURN_NEW,  /* NEW is under way, or the 101 */
    FULCRA_TURN_FREE, /* nothing is under way */
    FULCRA_TURN_BUSY, /* a SINK is */
    FULCRA_TURN_HELD, /* a SINK was answered by time; its code still runs */
    FULCRA_TURN_DELETE,
    FULCRA_TURN_DONE,
} FulcraTurnState;

/* What is to be known once a socket ends. */
typedef struct {
    char *reason;         /* for DELETE; perhaps "" */
    uint16_t status;      /* likewise */
    uint16_t send_code;   /* for our Close frame; 0: an empty one */
    uint32_t deadline_ms; /* of the closing handshake */
    uint32_t discarded;   /* bytes, while closing */
} FulcraSocketEnding;

/* What a socket that only answers does not have. Made when it is first needed,
 * by whichever thread, and then there as long as the layer. */
typedef struct {
    _Atomic(FulcraValues *) values; /* (nullable); shared */

    /* The loop's thread only. */
    FulcraMember *members; /* (nullable): what it is subscribed to */
    FulcraSubscription *subscriptions; /* (nullable): those that follow */
    FulcraTable *last_table; /* (nullable): for DELETE, where nothing that is
                                published answers any more */
} FulcraSocketMore;

/* Ten thousand of them are at rest. So this is as small as it can be: 184 bytes
 * and malloc's 8 are 192; one byte more, and they are 208. */
struct _FulcraWebSocket {
    FulcraContext layer;          /* first; shared: holds the handle */
    FulcraSocketHandle handle[1]; /* used as the pointer that it stands for */
    FulcraSocketLoop *home;

    /* The wire. First what sending a message looks at: the cache lines of the
     * handle, one or two, for each of ten thousand. */
    FulcraStream stream;
    FulcraOutbound outbound;
    FulcraSocketEnding *ending; /* (nullable): no more messages are taken */
    uint8_t wire : 3;           /* FulcraWireState */
    uint8_t turn : 3;           /* FulcraTurnState */
    bool serial : 1;            /* its messages run in a domain, in rows */
    bool put_off : 1; /* what is left of the last read is for the next turn */
    uint8_t front;    /* which of the loop's: see fulcra__socket_front() */
    bool reading : 1, blocked : 1, dirty : 1, released : 1;
    bool pinged : 1;
    bool peer_done : 1; /* it will send nothing more */
    bool close_received : 1;
    bool close_queued : 1;
    bool garbled : 1;    /* its bytes make no sense any more */
    bool stripped : 1;   /* a page shows what it causes */
    bool registered : 1; /* its id is taken */
    bool issuing : 1, advancing : 1, paused : 1;
    bool ended_here : 1; /* the server closes, so what waits is dropped */
    uint16_t second, in_second; /* for the rate of messages */
    uint32_t heard_ms; /* when something came; then, when it was pinged */
    uint32_t inbound_counted; /* bytes; at most UINT32_MAX */
    FulcraMessageReader reader;
    _Atomic(FulcraSocketMore *) more; /* (nullable); shared */
    FulcraWebSocket *previous, *next; /* of the loop's sockets */

    /* The turn. */
    FulcraIdentifier *identifier; /* ws:/PATH, later with its socketid */
    union {
        FulcraHttpExchange *exchange; /* (nullable): until NEW was answered */
        FulcraResolution *resolution; /* (nullable): of its messages, after */
    };
    FulcraInbox *inbox; /* (nullable) */
};
G_STATIC_ASSERT(sizeof(FulcraWebSocket) <= 184);

/** When its handshake came, as fulcra__socket_now_ms() counts. */
static inline uint32_t
fulcra__socket_opened_ms(const FulcraWebSocket *self)
{
    return self->layer.word;
}

/** (nullable) */
static inline FulcraSocketMore *
fulcra__socket_get_more(const FulcraWebSocket *self)
{
    return atomic_load_explicit(&self->more, memory_order_acquire);
}

/** The first of what it is subscribed to. (nullable) */
static inline FulcraMember *
fulcra__socket_members(const FulcraWebSocket *self)
{
    FulcraSocketMore *more = fulcra__socket_get_more(self);

    return more == NULL ? NULL : more->members;
}

/** The first of those that follow. (nullable) */
static inline FulcraSubscription *
fulcra__socket_subscriptions(const FulcraWebSocket *self)
{
    FulcraSocketMore *more = fulcra__socket_get_more(self);

    return more == NULL ? NULL : more->subscriptions;
}

/** (nullable) */
static inline FulcraTable *
fulcra__socket_last_table(const FulcraWebSocket *self)
{
    FulcraSocketMore *more = fulcra__socket_get_more(self);

    return more == NULL ? NULL : more->last_table;
}

/* The head of its handshake. */
static inline FulcraHttpHead *
fulcra__socket_head(const FulcraWebSocket *self)
{
    return fulcra_http_head_of_context(self->layer.parent);
}

/* Whose handle it is: its struct is there, the socket may have gone. */
static inline FulcraWebSocket *
fulcra__handle_socket(FulcraSocketHandle *handle)
{
    return (FulcraWebSocket *)((char *)handle -
                               G_STRUCT_OFFSET(FulcraWebSocket, handle));
}

/* For logs. */
static inline const char *
fulcra__socket_name(const FulcraWebSocket *self)
{
    return self->handle->id == NULL ? "(opening)" : self->handle->id;
}

/* What sockets of one path share: few paths, many sockets. */
#define FULCRA_PATHS  16
#define FULCRA_FRONTS 64
typedef struct {
    FulcraIdentifier *base;
    const char *front;            /* interned */
    FulcraResolution *opening;    /* (nullable): of their NEW */
    FulcraResolution *resolution; /* (nullable): of their messages */
} FulcraPath;

/* What one loop has for its sockets. */
struct _FulcraSocketLoop {
    FulcraWebSockets *owner;
    FulcraLoop *loop;
    const char *type_text, *type_bytes; /* interned */
    FulcraWebSocketLimits limits;       /* those of all loops: a copy to be read
                                           without a lock */
    unsigned sweep_ms;
    FulcraMessageRules rules[2]; /* without permessage-deflate, and with it */
    FulcraOutboundShared outbound;
    FulcraAudiences audiences;
    FulcraFollowers *followers;
    FulcraInboxPool inboxes;
    FulcraWebSocket *sockets; /* all of them */
    FulcraWebSocket *walked;  /* (nullable): the next one for keeper.c */
    unsigned n_sockets;
    unsigned n_opened; /* ever; at the last sweep; when memory was given back */
    unsigned n_opened_before, n_opened_at_trim;
    GPtrArray *dirty;   /* those of which something is to be done */
    GPtrArray *put_off; /* those that go on in the next turn */
    FulcraTask put_off_task;
    bool put_off_posted;
    FulcraTurnEnd turn_end;
    FulcraTimer sweep, drain;
    int64_t drain_from_ns, drain_until_ns;
    unsigned drain_sockets; /* that there were */
    FulcraTask stop_task, nudge_task;
    bool nudged, stopping;
    FulcraRepresentation *ping;
    FulcraPath paths[FULCRA_PATHS];
    const char *fronts[FULCRA_FRONTS]; /* interned; NULL: no more */
    _Atomic(int64_t) inbound;          /* bytes received and waiting */
    bool choked;                       /* too much of that: nothing is read */
    /* Since they were last collected. */
    uint64_t got_messages, got_bytes, got_deflated;
    uint8_t random[512]; /* for socket ids */
    unsigned n_random;

    /* Shared: what other threads ask of this loop's sockets. */
    pthread_mutex_t lock;
    GArray *outbox;      /* guarded by lock */
    bool posted, closed; /* likewise */
    FulcraTask drain_task;
};

struct _FulcraWebSockets {
    FulcraRefs refs; /* the program's, and one of each handle */
    FulcraKernel *kernel;
    FulcraWebSocketLimits limits; /* guarded by lock once loops run */
    FulcraHttpUpgradeHook hook;
    FulcraStrips *strips;     /* (nullable): a playground has it */
    FulcraDeflater *deflater; /* (nullable): permessage-deflate is on */
    FulcraSocketKeeper keeper;
    size_t n_homes;
    FulcraSocketLoop *homes;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    GHashTable *handles;   /* guarded by lock: those with an id */
    GHashTable *addresses; /* likewise: how many sockets each has */
    unsigned n_sockets;    /* likewise */
    unsigned n_leaving;    /* likewise: that keeper.c closes */
    FulcraTable *before;   /* likewise (nullable): during a change of modules */
    bool stopping;         /* likewise */
    bool draining;         /* likewise */
};

/* --- websockets.c --- */

FulcraWebSockets *fulcra__websockets_ref(FulcraWebSockets *self);
void fulcra__websockets_unref(FulcraWebSockets *self);
/** What they are now. Any thread; a loop has a copy of its own. */
FulcraWebSocketLimits fulcra__websockets_get_limits(FulcraWebSockets *self);
FulcraSocketLoop *fulcra__websockets_home(
        FulcraWebSockets *self, FulcraLoop *loop);

/** @milliseconds from now, for pthread_cond_timedwait(). */
void fulcra__websockets_deadline(
        struct timespec *deadline, unsigned milliseconds);

/* --- keeper.c --- */

void fulcra__keeper_init(FulcraSocketKeeper *self);

/** Closes it with 1012: nothing answers it any more. */
void fulcra__keeper_dismiss(FulcraWebSocket *self);

/** Its DELETE was answered: it needs its last table no more. */
void fulcra__keeper_let_go(FulcraWebSocket *self);

/** Its NEW has ended, which began before a change of modules: closes it where
 * nothing answers it any more. */
void fulcra__keeper_check_new(FulcraWebSocket *self);

/* --- registry.c --- */

unsigned fulcra__handle_hash(const void *handle);
gboolean fulcra__handle_equal(const void *a, const void *b);

/** Counts one more socket from @address; NULL, or why there may not be. */
const char *fulcra__registry_admit(FulcraWebSockets *self, const char *address);
void fulcra__registry_leave(FulcraWebSockets *self, const char *address);

/** Takes @handle's id; false where a live socket has it. */
bool fulcra__registry_add(FulcraWebSockets *self, FulcraSocketHandle *handle);
/** Its id while it is registered. Any thread. (transfer full) (nullable) */
char *fulcra__registry_get_id(FulcraSocketHandle *handle);
void fulcra__registry_remove(
        FulcraWebSockets *self, FulcraSocketHandle *handle);
FulcraSocket *fulcra__registry_find(const char *id, void *websockets);

/** A socket id that nobody can guess. */
#define FULCRA_SOCKET_ID_SIZE 23
void fulcra__registry_make_id(
        FulcraSocketLoop *home, char id[FULCRA_SOCKET_ID_SIZE]);

/* --- handle.c --- */

void fulcra__handle_init(FulcraWebSocket *socket);
void fulcra__handle_set_state(
        FulcraSocketHandle *self, FulcraHandleState state);

/**
 * fulcra__handle_encode:
 *
 * Any thread.
 *
 * Returns: (transfer none) (nullable): the frame in which @message goes to this
 * socket; it hangs on @message and is the same for all that negotiated alike
 */
FulcraRepresentation *fulcra__handle_encode(FulcraSocketHandle *self,
        FulcraRepresentation *message, GError **error);

void fulcra__outbox_init(FulcraSocketLoop *home);
void fulcra__outbox_drain(FulcraTask *task);
/** What it holds is done now, where it holds anything. */
void fulcra__outbox_catch_up(FulcraSocketLoop *home);
void fulcra__outbox_close(FulcraSocketLoop *home);

/** Any thread. @order: (transfer full). False where the socket has gone. */
bool fulcra__handle_order_subscription(
        FulcraSocketHandle *self, FulcraSubscribeOrder *order);

/* --- spaces.c --- */

/** The class of the layer of every socket. */
const FulcraContextClass *fulcra__socket_class(void);

/* --- socket.c --- */

FulcraWebSocket *fulcra__socket_new(
        FulcraSocketLoop *home, FulcraHttpExchange *exchange);

/**
 * fulcra__socket_end:
 * @status, @reason: for DELETE
 * @send_code: for the Close frame
 * @here: the server closes: at once, dropping what has not been handled;
 *     otherwise the peer did, and what it sent before is handled first
 *
 * Only the first call counts, but for the dropping.
 */
void fulcra__socket_end(FulcraWebSocket *self, unsigned status,
        const char *reason, unsigned send_code, bool here);

/** As fulcra__socket_get_more(), but makes it. Any thread. */
FulcraSocketMore *fulcra__socket_need_more(FulcraWebSocket *self);

/** Takes @id for the socket's own; false where a live one has it. */
bool fulcra__socket_take_id(FulcraWebSocket *self, const char *id);

/** Whether it may still be sent messages, before its 101 too. */
static inline bool
fulcra__socket_takes_messages(const FulcraWebSocket *self)
{
    return !self->close_queued && self->wire < FULCRA_WIRE_CLOSING &&
           !(self->ending && self->ended_here);
}

/** Queues a frame under the outbound limit and its policy, behind what was
 * published before. */
void fulcra__socket_send(FulcraWebSocket *self, FulcraRepresentation *frame);

/**
 * fulcra__socket_queue:
 * @origin: the subscription that it is of; 0: of none
 * @newest: of @origin only the newest need wait
 *
 * The same for what is of a subscription, or has been caught up with.
 */
void fulcra__socket_queue(FulcraWebSocket *self, FulcraRepresentation *frame,
        uint64_t origin, bool newest);

/** Releases it if both halves have come to their end; once the turn of the
 * loop is over. */
void fulcra__socket_check_end(FulcraWebSocket *self);
/** The strip of the page that opened it. (transfer full) (nullable) */
FulcraStripTag *fulcra__socket_get_tag(FulcraWebSocket *self);

/** Keeps what @root, a request of it, causes for the page that shows it. */
void fulcra__socket_trace(FulcraWebSocket *self, FulcraRequest *root);
void fulcra__socket_mark_dirty(FulcraWebSocket *self);
/** It is advanced in the next turn of the loop. */
void fulcra__socket_put_off(FulcraWebSocket *self);
void fulcra__socket_run_put_off(FulcraTask *task);
void fulcra__socket_run_dirty(FulcraTurnEnd *hook);
uint32_t fulcra__socket_now_ms(FulcraSocketLoop *home);

/* --- wire.c --- */

void fulcra__wire_open(FulcraWebSocket *self, int fd);
void fulcra__wire_flush(FulcraWebSocket *self);
/** Writes past the queue, which is empty; returns how much the system took. */
size_t fulcra__wire_write(FulcraWebSocket *self, const FulcraGather *gather);
void fulcra__wire_queue_control(
        FulcraWebSocket *self, uint8_t opcode, const void *data, size_t length);
/** Queues our Close, unless it was; nothing is sent behind it. */
void fulcra__wire_begin_close(FulcraWebSocket *self);
/** The connection is gone, or is given up. */
void fulcra__wire_drop(FulcraWebSocket *self, bool abort);
void fulcra__wire_set_reading(FulcraWebSocket *self, bool reading);
/** The peer has said its last word. */
void fulcra__wire_stop_reading(FulcraWebSocket *self);
/** Parses bytes, as many as back-pressure and one turn of the loop allow. */
void fulcra__wire_take(FulcraWebSocket *self, FulcraInput *input);

/* --- turn.c --- */

/** What can be done now is done. */
void fulcra__turn_advance(FulcraWebSocket *self);
/** A SINK was answered: the only one that was under way. */
void fulcra__turn_answered(
        FulcraWebSocket *self, FulcraRequest *request, const GError *error);
/** @message: (transfer full). One that runs in a row waits for
 * fulcra__turn_advance(). */
void fulcra__turn_deliver(FulcraWebSocket *self, FulcraRepresentation *message);
bool fulcra__turn_is_full(FulcraWebSocket *self);
/** Stops reading until the turn has caught up. @rest: (nullable): what was
 * read and not parsed; copied */
void fulcra__turn_pause(FulcraWebSocket *self, const FulcraInput *rest);
/** The same until the next turn of the loop. */
void fulcra__turn_put_off(FulcraWebSocket *self, const FulcraInput *rest);
void fulcra__turn_clear_inbox(FulcraWebSocket *self);
void fulcra__turn_count_inbound(FulcraWebSocket *self);

/* --- paths.c --- */

/** Which of the loop's fronts @uri is. */
uint8_t fulcra__paths_front(FulcraSocketLoop *home, const char *uri);

/** URI of the space in which its requests are resolved. Interned. */
static inline const char *
fulcra__socket_front(const FulcraWebSocket *self)
{
    return self->home->fronts[self->front];
}

/** The identifier ws:@path. (transfer full) */
FulcraIdentifier *fulcra__paths_identifier(
        FulcraSocketLoop *home, const char *front, const char *path);

/** Resolves @request, a NEW of @identifier as fulcra__paths_identifier() gave
 * it, as the one before was. */
void fulcra__paths_resolve_new(FulcraSocketLoop *home, const char *front,
        FulcraIdentifier *identifier, FulcraRequest *request);

/** What @request, a message to @identifier, resolves to. (transfer full)
 * (nullable) */
FulcraResolution *fulcra__paths_resolve(FulcraSocketLoop *home,
        const char *front, FulcraIdentifier *identifier,
        FulcraRequest *request);
void fulcra__paths_clear(FulcraSocketLoop *home);

/* --- handshake.c --- */

void fulcra__handshake_open(FulcraHttpExchange *exchange, void *websockets);

/* --- census.c --- */

void fulcra__drain_run(FulcraTimer *timer);

/* --- sweep.c --- */

void fulcra__sweep_run(FulcraTimer *timer);
void fulcra__sweep_budgets(FulcraSocketLoop *home);
/** Bytes that wait to be sent, of all sockets. Any thread. */
int64_t fulcra__sweep_total_outbound(FulcraWebSockets *owner);

G_END_DECLS
