/* SPDX-License-Identifier: MIT */
#pragma once

#include "private/request.h"
#include <fulcra-host/owner.h>

typedef enum {
    FULCRA__OWNER_ENTERED, /* it may run */
    FULCRA__OWNER_PARKED,  /* it will be queued again */
    FULCRA__OWNER_REFUSED, /* it is held, and who asks cannot wait */
    FULCRA__OWNER_MOVED,   /* another endpoint is to answer it */
} FulcraEntered;

/** Before the code of @self's endpoint, which has an owner, runs. @endpoint:
 * (out) (transfer none) (nullable): where it moved: NULL where there is none
 * that could answer */
FulcraEntered fulcra__owner_enter(
        FulcraRequest *self, FulcraEndpoint **endpoint);

/* What has happened to a request whose endpoint has an owner. It is inside from
 * ENTERED until both of the others are set. */
#define FULCRA__INSIDE_ENTERED  1u
#define FULCRA__INSIDE_RETURNED 2u
#define FULCRA__INSIDE_ANSWERED 4u
#define FULCRA__INSIDE_ALL      7u

void fulcra__owner_mark(FulcraRequest *self, unsigned bit);

/** Queues @self to run, as if it had not begun. (transfer full): in issue.c */
void fulcra__request_queue_again(FulcraRequest *self);
