/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Answering in place of an error, with a declared request
 */

#include <fulcra-host/declared.h>

/* The slots that a handler is given: of the request, and of the error. */
#define FULCRA_REQUEST_SLOTS                                                   \
    { .name = "identifier" },                                                  \
    {                                                                          \
        .name = "verb"                                                         \
    }
#define FULCRA_ERROR_SLOTS                                                     \
    { .name = "id" }, { .name = "message" },                                   \
    {                                                                          \
        .name = "stack"                                                        \
    }

extern const FulcraDeclaredNames fulcra__error_names;

/** What @request asks for: its identifier and its verb, as texts. */
void fulcra__describe_request(FulcraRequest *request, FulcraSlot slots[2]);

/**
 * fulcra__handle_error:
 * @request: deferred: it is answered
 * @handler: parsed with fulcra__error_names
 * @error: (transfer none)
 *
 * The answer has the status of @error unless it brings its own. Where @handler
 * fails as well, that is logged and @error is the answer.
 */
void fulcra__handle_error(FulcraRequest *request,
        const FulcraDeclaredRequest *handler, const GError *error);
