/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Answers: representations and errors as HTTP responses
 */

#include "http/head.h"
#include "http/reply.h"

#include <microhttpd.h>

G_BEGIN_DECLS

typedef struct {
    unsigned status;
    struct MHD_Response *response; /* (transfer full) */
} FulcraHttpAnswer;

/**
 * fulcra__http_answer_representation:
 * @reply: what was stated through httpResponse:/; the caller's own by now
 * @verb: of the request that @representation answers
 *
 * Chooses the status, validates If-None-Match, adds ETag, Cache-Control (as
 * @reply says that it expires, and for whom), Content-Type. What is sent,
 * @representation or the body of @reply, is one of which
 * fulcra__http_answer_can() is true.
 */
void fulcra__http_answer_representation(FulcraHttpAnswer *self,
        FulcraHttpHead *head, FulcraHttpReply *reply, FulcraVerb verb,
        FulcraRepresentation *representation);

/** Whether it, or what can be rendered of it here, has bytes to send. */
bool fulcra__http_answer_can(FulcraRepresentation *representation);

typedef struct {
    unsigned status;
    const char *message;  /* (nullable): may be shown to strangers */
    const GError *error;  /* (nullable): what a playground shows */
    FulcraHttpHead *head; /* (nullable) */
    bool playground;
    bool close; /* the connection */
} FulcraHttpFailure;

/** @reply: (nullable): its headers go out too */
void fulcra__http_answer_failure(FulcraHttpAnswer *self,
        const FulcraHttpReply *reply, const FulcraHttpFailure *failure);

/** Without a body. */
void fulcra__http_answer_empty(FulcraHttpAnswer *self, unsigned status);

void fulcra__http_answer_header(
        FulcraHttpAnswer *self, const char *name, const char *value);

/** The status for an error of FULCRA_ERROR. */
unsigned fulcra__http_status_of(const GError *error);

G_END_DECLS
