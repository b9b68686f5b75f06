/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A reply in the making: what endpoints said through httpResponse:/
 *
 * Filled in from whatever threads the request's endpoints run on; taken by
 * the loop when the answer leaves, after which it refuses with GONE.
 */

#include <fulcra-host/sync.h>
#include <fulcra/representation.h>

G_BEGIN_DECLS

typedef struct {
    pthread_mutex_t lock;
    bool sealed;
    unsigned status;            /* 0: not stated */
    GPtrArray *headers;         /* (nullable): name, value, name, value ... */
    FulcraRepresentation *body; /* (nullable): instead of the answer */
    /* Of what is sent, set by the loop when it leaves. */
    bool for_all; /* nothing of a context was looked at to make it */
    FulcraExpiry expiry;
    int64_t expires_at;
} FulcraHttpReply;

void fulcra__http_reply_init(FulcraHttpReply *self);
void fulcra__http_reply_finish(FulcraHttpReply *self);

/* Each fails with BAD_ARGUMENT where the value cannot stand in a response, a
 * line break in a header above all. */

bool fulcra__http_reply_set_code(
        FulcraHttpReply *self, const char *code, GError **error);

/** Replaces what was there; but Set-Cookie is added, and Vary is joined. */
bool fulcra__http_reply_set_header(FulcraHttpReply *self, const char *name,
        const char *value, GError **error);

/** @cookie: "name=value; Path=/; HttpOnly" */
bool fulcra__http_reply_add_cookie(
        FulcraHttpReply *self, const char *cookie, GError **error);

/** Location, and 302 unless a 3xx status was or will be stated. */
bool fulcra__http_reply_redirect(
        FulcraHttpReply *self, const char *location, GError **error);

/** @body: (transfer none) */
bool fulcra__http_reply_set_body(
        FulcraHttpReply *self, FulcraRepresentation *body, GError **error);

/** Applies the header of a representation if it is one for httpResponse:/, and
 * ignores any other. */
bool fulcra__http_reply_apply(FulcraHttpReply *self, const char *name,
        const char *value, GError **error);

/** Seals @self and moves what it holds into @into, an initialised reply of the
 * caller's own: endpoints that are late cannot touch it. Once only: what is
 * sealed has nothing left. */
void fulcra__http_reply_take(FulcraHttpReply *self, FulcraHttpReply *into);

const char *fulcra__http_reply_get_header(
        const FulcraHttpReply *self, const char *name);

G_END_DECLS
