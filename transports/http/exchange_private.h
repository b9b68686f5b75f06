/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the files of the HTTP transport share about an exchange
 *
 * exchange.c has its life, from libmicrohttpd's first word to its last;
 * intake.c what is checked before anybody is asked; ask.c the requests that
 * are issued; upgrade.c the way out to a WebSocket.
 */

#include "http/acceptor.h"
#include "http/answer.h"
#include "http/exchange.h"
#include "http/form.h"
#include "http/reply.h"

#include <fulcra-host/space.h>

G_BEGIN_DECLS

typedef struct _FulcraHttpDaemon FulcraHttpDaemon;

typedef enum {
    FULCRA_HTTP_RECEIVING, /* the head, then the body */
    FULCRA_HTTP_ASKED,     /* a request was issued, or the hook was called */
    FULCRA_HTTP_ANSWERED,  /* `answer` is there, or nobody wants one */
} FulcraHttpState;

struct _FulcraHttpExchange {
    FulcraContext context; /* httpResponse:, over the layer of the head */
    FulcraHttpDaemon *daemon;
    const char *front, *scheme; /* interned */
    char *target;               /* as it was sent */
    char *key; /* (nullable): the Sec-WebSocket-Key, if there is one */
    FulcraHttpHead *head;
    FulcraHttpReply reply;
    FulcraRepresentation *body; /* (nullable): immutable once ASKED */
    /* What body is read as, once somebody has asked: one of the two; guarded by
     * reply.lock, immutable once set. */
    FulcraHttpForm *fields;
    GError *fields_error;
    /* (nullable): an answer without bytes, while one with bytes is asked for;
     * guarded by reply.lock */
    FulcraRepresentation *unsent;

    /* The loop's thread only. */
    struct MHD_Connection *connection; /* NULL: over */
    FulcraHttpPeer *peer;              /* as long as connection */
    FulcraHttpState state;
    bool head_seen, has_body, handshake, too_large, suspended;
    size_t discarded;     /* of a body that is too large */
    GByteArray *received; /* (nullable): of the body */
    FulcraRequest *request;
    FulcraHttpReply taken;   /* what reply held when the answer came */
    unsigned form;           /* that is tried for unsent */
    FulcraHttpAnswer answer; /* without a response: close */
    FulcraWatch watch;       /* while suspended: has the client gone? */
    FulcraTimer deadline;    /* while suspended */

    FulcraHttpUpgraded upgraded; /* (nullable): once, with upgraded_data */
    void *upgraded_data;
    void (*gone)(void *user_data);
    void *gone_data;
};

/** The exchange in whose scope @request runs. (nullable) (transfer none) */
FulcraHttpExchange *fulcra__http_exchange_find(FulcraRequest *request);
FulcraHttpExchange *fulcra__http_exchange_of_layer(FulcraContext *layer);
const FulcraHttpOptions *fulcra__http_exchange_get_options(
        FulcraHttpExchange *self);

/** The answer is there: sends it if the connection waits for it. */
void fulcra__http_exchange_answered(FulcraHttpExchange *self);

/** Answers with a failure. @message: (nullable): for strangers, too */
void fulcra__http_exchange_fail(FulcraHttpExchange *self, unsigned status,
        const char *message, const GError *error);

/** Looks at the head; false where it was refused. The answer is there then. */
bool fulcra__http_intake(
        FulcraHttpExchange *self, const char *method, const char *version);

/** Asks for the resource, or calls the hook; may answer before it returns. */
void fulcra__http_ask(FulcraHttpExchange *self);

/** Makes `body` of what was received, if there was any. */
void fulcra__http_body_take(FulcraHttpExchange *self);

/**
 * fulcra__http_body_get_form:
 * @self: ASKED; any thread
 *
 * Returns: (transfer none) (nullable): NULL with FULCRA_ERROR_BAD_ARGUMENT
 * where the body is no form, or not a proper one; with FULCRA_ERROR_TOO_LARGE
 * where it meets a limit
 */
const FulcraHttpForm *fulcra__http_body_get_form(
        FulcraHttpExchange *self, GError **error);

/** Whether there is a body that says it is a form. */
bool fulcra__http_body_is_form(FulcraHttpExchange *self);

/** Calls the hook for a handshake that has passed. */
void fulcra__http_upgrade_open(FulcraHttpExchange *self);

/** Whether @self is a handshake that goes to the hook. */
bool fulcra__http_upgrade_wanted(FulcraHttpExchange *self, const char *version);

/** The space behind httpResponse:/, made once. (transfer none) */
FulcraSpace *fulcra__http_response_space(void);

/** The space behind httpAnswer:/, where the kernel finds `unsent` to convert
 * it. Made once. (transfer none) */
FulcraSpace *fulcra__http_answer_space(void);

/** Binds a static endpoint, named as its grammar. */
void fulcra__http_bind(
        FulcraSpace *into, const char *grammar, const FulcraEndpointOps *ops);

G_END_DECLS
