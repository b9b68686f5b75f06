/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The WebSocket transport
 *
 * Takes over the connections that ask for an upgrade and turns what happens
 * on them into root requests in the listener's front space:
 *
 *   open     NEW    ws:/PATH                      primary: the socket's handle
 *   message  SINK   ws:/PATH+socketid@ID          primary: the message
 *   close    DELETE ws:/PATH+socketid@ID+status@CODE+reason@TEXT
 *
 * Each socket is a fulcrum of its own: httpRequest:/ of its handshake,
 * wsResponse:/message and /disconnect, socket:/KEY.
 */

#include "http/exchange.h"
#include <fulcra-host/change.h>
#include <fulcra-host/space.h>

G_BEGIN_DECLS

typedef struct _FulcraWebSockets FulcraWebSockets;

/* What becomes of a message for a socket whose outbound limit is reached. */
typedef enum {
    FULCRA_SLOW_CLOSE,  /* close the socket with 4008 */
    FULCRA_SLOW_SKIP,   /* drop this message */
    FULCRA_SLOW_LATEST, /* drop those that wait, keep this one */
} FulcraSlowPolicy;

typedef struct {
    size_t message;  /* bytes of one; above: 1009 */
    unsigned queue;  /* messages received and waiting, of one socket */
    size_t outbound; /* bytes waiting to be sent, of one socket */
    FulcraSlowPolicy slow;
    unsigned sockets;             /* open at once; fewer if descriptors are */
    unsigned per_address;         /* of one address; loopback is unlimited */
    unsigned subscriptions;       /* of one socket */
    unsigned messages_per_second; /* of one socket; 0: unlimited; above: 1008 */
    bool close_on_error;          /* a failing SINK closes with 1011 */
    unsigned handshake_ms;        /* NEW must have answered by then */
    unsigned ping_ms;        /* silence before a ping; as much again ends the
                                socket; 0: never */
    unsigned closing_ms;     /* a Close must be answered by then */
    unsigned stop_ms;        /* closing all, with their DELETEs */
    size_t inbound_total;    /* bytes received and waiting, of all sockets */
    size_t outbound_total;   /* bytes waiting to be sent, of all sockets */
    bool deflate;            /* permessage-deflate may be negotiated */
    unsigned deflate_window; /* bits, 9 to 15, with which is compressed */
    size_t deflate_least;    /* bytes of a message; smaller ones are not */
} FulcraWebSocketLimits;

#define FULCRA_WEBSOCKET_LIMITS_DEFAULT                                        \
    {                                                                          \
        .message = 65536, .queue = 16, .outbound = 1 << 20,                    \
        .slow = FULCRA_SLOW_CLOSE, .sockets = 65536, .per_address = 1024,      \
        .subscriptions = 256, .messages_per_second = 0,                        \
        .close_on_error = false, .handshake_ms = 10000, .ping_ms = 30000,      \
        .closing_ms = 5000, .stop_ms = 5000,                                   \
        .inbound_total = (size_t)256 << 20,                                    \
        .outbound_total = (size_t)256 << 20, .deflate = false,                 \
        .deflate_window = 12, .deflate_least = 256                             \
    }

/**
 * fulcra_websockets_new:
 * @loops: (array length=n_loops) (transfer none): not started yet; they must
 *     outlive it
 * @limits: (nullable): NULL for the defaults; copied
 * @playground: keep what the sockets that ask for it cause, and show it: see
 *     fulcra_websockets_get_strip_space()
 */
FulcraWebSockets *fulcra_websockets_new(FulcraKernel *kernel,
        FulcraLoop *const *loops, size_t n_loops,
        const FulcraWebSocketLimits *limits, bool playground);

/** From now on; but for `queue` and what is about compression, which stay. One
 * thread at a time, and no loop's; the loops must run. */
void fulcra_websockets_set_limits(
        FulcraWebSockets *self, const FulcraWebSocketLimits *limits);

/** For fulcra_http_server_set_upgrade_hook(). (transfer none) */
const FulcraHttpUpgradeHook *fulcra_websockets_get_hook(FulcraWebSockets *self);

/**
 * fulcra_websockets_get_strip_space:
 *
 * Returns: (transfer none) (nullable): the sealed space `urn:fulcra:playground`
 * to be published and imported into the fronts; it answers
 * res:/playground/strip/{tag} with what the sockets whose handshake said
 * ?strip=TAG caused lately. NULL where it is not a playground.
 */
FulcraSpace *fulcra_websockets_get_strip_space(FulcraWebSockets *self);

/**
 * fulcra_websockets_stop:
 *
 * Refuses new sockets, closes all with 1001, runs their DELETEs. Waits for it,
 * no longer than the limit says. Any thread but a loop's; the loops must still
 * run, and the HTTP server may have been stopped before.
 */
void fulcra_websockets_stop(FulcraWebSockets *self);

/* A socket, as it was a moment ago. Valid during the call. */
typedef struct {
    FulcraSocket *socket;
    const char *id;   /* (nullable): NULL before NEW has answered */
    const char *path; /* decoded */
    const char *address;
    const char *state; /* "opening", "open", "closing" */
    unsigned loop;
    uint32_t age_ms, silent_ms; /* since the handshake; since it last spoke */
    unsigned waiting;           /* messages that have not been handled */
    bool busy;                  /* one is being handled */
    bool paused;                /* it is not read: back-pressure */
    size_t outbound_bytes;      /* waiting to be sent */
} FulcraSocketInfo;

typedef void (*FulcraSocketListed)(
        const FulcraSocketInfo *info, void *user_data);

/**
 * fulcra_websockets_list:
 *
 * Tells @each of every socket, on the sockets' loops, one loop after the other.
 * Any thread but a loop's; the loops must run.
 *
 * Returns: how many loops hang: their sockets are left out
 */
size_t fulcra_websockets_list(
        FulcraWebSockets *self, FulcraSocketListed each, void *user_data);

/** How many there are, those that open or close included. Any thread. */
unsigned fulcra_websockets_count(FulcraWebSockets *self);

/**
 * fulcra_websockets_drain:
 *
 * Refuses new sockets from now on, and closes those that are there with 1012,
 * evenly over @over_ms. Any thread but a loop's.
 */
void fulcra_websockets_drain(FulcraWebSockets *self, unsigned over_ms);

/** For fulcra_host_loader_set_sockets(): what a change of modules does to
 * sockets. It may be used as long as the loops run. (transfer none) */
FulcraSocketKeeper *fulcra_websockets_get_keeper(FulcraWebSockets *self);

/** After the loops have stopped. */
void fulcra_websockets_free(FulcraWebSockets *self);

G_END_DECLS
