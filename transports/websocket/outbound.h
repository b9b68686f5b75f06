/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What waits to be sent
 *
 * The queue of a socket is a list of references to frames; one write takes as
 * many of them as it can.
 */

#include "websocket/encode.h"
#include "websocket/gather.h"
#include "websocket/stream.h"
#include <fulcra/representation.h>
#include <stdatomic.h>

typedef struct _FulcraOutboundNode FulcraOutboundNode;

typedef struct _FulcraOutboundQueue FulcraOutboundQueue;
struct _FulcraOutboundQueue {
    FulcraOutboundNode *first, *last;
    size_t bytes;       /* of messages, control frames not counted */
    size_t written;     /* of the first frame */
    uint32_t n_control; /* control frames among them */
    FulcraOutboundQueue *next_free;
};

/* All zero: nothing waits. */
typedef struct {
    FulcraOutboundQueue *queue; /* (nullable): while something does */
} FulcraOutbound;

static inline bool
fulcra__outbound_is_empty(const FulcraOutbound *self)
{
    return self->queue == NULL;
}

/** Of messages; control frames are not counted. */
static inline size_t
fulcra__outbound_bytes(const FulcraOutbound *self)
{
    return self->queue == NULL ? 0 : self->queue->bytes;
}

static inline uint32_t
fulcra__outbound_n_control(const FulcraOutbound *self)
{
    return self->queue == NULL ? 0 : self->queue->n_control;
}

/* What the queues of one loop share. */
typedef struct {
    FulcraOutboundNode *free;
    FulcraOutboundQueue *free_queues;
    unsigned n_free, n_free_queues;
    uint8_t *scratch; /* (nullable): where small frames are joined */
    /* Bytes counted here, less those uncounted here: a frame that several
     * loops share may leave by another one, so only the sum is meaningful. */
    _Atomic(int64_t) bytes;
    /* Since they were last collected. */
    uint64_t sent_messages, sent_bytes, saved_bytes, delivered;
} FulcraOutboundShared;

typedef enum {
    FULCRA_OUTBOUND_DONE,    /* nothing waits any more */
    FULCRA_OUTBOUND_BLOCKED, /* the system takes no more for now */
    FULCRA_OUTBOUND_FAILED,  /* the connection is broken */
} FulcraOutboundResult;

/** @frame: (transfer none): the queue takes a reference */
void fulcra__outbound_push(FulcraOutbound *self, FulcraOutboundShared *shared,
        FulcraRepresentation *frame);

/** As well. @origin: the subscription that @frame is of; 0: of none */
void fulcra__outbound_push_from(FulcraOutbound *self,
        FulcraOutboundShared *shared, FulcraRepresentation *frame,
        uint64_t origin);

/** As well, into an empty queue: @written bytes of it were sent past it. */
void fulcra__outbound_push_rest(FulcraOutbound *self,
        FulcraOutboundShared *shared, FulcraRepresentation *frame,
        uint64_t origin, size_t written);

/* Each drops messages of which nothing was written yet, and returns how many:
 * all, those of one origin, all but the newest of each origin. */
unsigned fulcra__outbound_drop_waiting(
        FulcraOutbound *self, FulcraOutboundShared *shared);
unsigned fulcra__outbound_drop_from(
        FulcraOutbound *self, FulcraOutboundShared *shared, uint64_t origin);
unsigned fulcra__outbound_drop_older(
        FulcraOutbound *self, FulcraOutboundShared *shared);

/** A frame waits outside of a queue: it is counted as if it were in one. */
void fulcra__outbound_hold(
        FulcraOutboundShared *shared, FulcraRepresentation *frame);
void fulcra__outbound_let_go(
        FulcraOutboundShared *shared, FulcraRepresentation *frame);

/** Drops everything. */
void fulcra__outbound_clear(FulcraOutbound *self, FulcraOutboundShared *shared);

/** Adds @frame to what one write takes: see fulcra__gather_add(). */
bool fulcra__outbound_gather(
        FulcraGather *gather, uint8_t *scratch, FulcraRepresentation *frame);

FulcraOutboundResult fulcra__outbound_write(FulcraOutbound *self,
        FulcraOutboundShared *shared, FulcraStream *stream);

void fulcra__outbound_shared_clear(FulcraOutboundShared *shared);
