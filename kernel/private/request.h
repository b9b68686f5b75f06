/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Requests, inside the kernel
 *
 * A request belongs to the thread that fills it in, until it is issued. Then
 * its `phase` says who may write its answer: whoever moves it from PENDING to
 * CLAIMED (the endpoint's answer, a time-out, a cancellation), once; the rest
 * is dropped. ANSWERED publishes the answer (release).
 *
 * The root of a tree holds what all requests of the tree borrow: the table of
 * spaces, the context, the lock for waits. Every request holds its parent.
 */

#include "private/deadline.h"
#include "private/given.h"
#include "private/identifier.h"
#include "private/resolution.h"
#include <fulcra-host/request.h>

typedef struct _FulcraRoot FulcraRoot;
typedef struct _FulcraFlight FulcraFlight;
typedef struct _FulcraTracing FulcraTracing;
typedef struct _FulcraWayIn FulcraWayIn;

enum {
    PHASE_NEW,
    PHASE_PENDING,
    PHASE_CLAIMED,
    PHASE_ANSWERED,
};

/* An argument by value, or as a request still to be issued. */
typedef struct {
    const char *name; /* interned */
    FulcraRepresentation *value;
    FulcraRequest *request;
} FulcraPassed;

typedef struct {
    const char *name; /* interned */
    char *value;
    bool inherited;
} FulcraRequestHeader;

struct _FulcraRequest {
    FulcraRefs refs;
    atomic_int phase;
    FulcraVerb verb;
    unsigned depth;
    bool issued;
    bool transrepts; /* converts its primary instead of asking */
    bool relays;     /* its sub-requests stand for it */
    bool deferred;
    bool forwarded;    /* it is on the way in of its root, past an overlay */
    bool moved;        /* another endpoint answers it: see owner.h */
    atomic_bool timed; /* has an entry among the deadlines */
    atomic_bool cancelled; /* it and all below are not wanted any more */
    FulcraRoot *root;
    FulcraRequest *parent; /* (nullable) */
    FulcraIdentifier *identifier;
    const char *wanted; /* (nullable) interned */
    FulcraRepresentation *primary;
    GArray *references; /* (nullable) of FulcraArgument, added by reference */
    GArray *passed;     /* (nullable) of FulcraPassed */
    GArray *headers;    /* (nullable) of FulcraRequestHeader */

    /* Scope, borrowed from the root. */
    FulcraPlaces *places;
    FulcraContext *context;
    FulcraContext *pushed; /* (nullable): held: the layer that was added */

    /* What it resolved to, borrowed likewise. */
    FulcraEndpoint *endpoint;
    FulcraPlaces *evaluation;
    FulcraContext *layer;
    FulcraResolution *resolved; /* (nullable): held */
    FulcraRoute *route;         /* (nullable): it passes overlays; held */
    size_t step;                /* of the route */

    FulcraDeadline deadline;
    _Atomic(int64_t) due; /* monotonic microseconds; 0: not decided yet */

    FulcraRepresentation *answer;
    GError *error;

    const void *issuer; /* the thread that issued it: only compared */
    bool issuing;       /* the issuer's: it is still about it */
    bool called_back;   /* the issuer's: meanwhile it was */

    /* Who is told. */
    FulcraAnswered answered;
    void *answered_data;
    FulcraDomain *deliver_domain; /* (nullable) */
    FulcraExecutor *deliver_loop; /* (nullable) */
    FulcraTask execution, delivery;

    /* One of a row: see fulcra_host_request_issue_in_row(). */
    FulcraHandOn hand_on; /* (nullable) */
    int64_t row_began;    /* monotonic microseconds; 0: its first has not */

    /* When its code has returned or answered, and that of what it forwarded:
     * an overlay has not returned while something runs behind it. */
    atomic_bool watched;
    atomic_uint running; /* how many forwarded ones have not; and itself: */
#define FULCRA__RUNNING_ITSELF (1u << 31)
    atomic_uint inside; /* FULCRA__INSIDE_*: see owner.h */
    void (*when_returned)(FulcraRequest *self, void *user_data);
    void *when_returned_data;
    FulcraTask return_task;

    /* The cache: see cache.h. */
    FulcraLedger *ledger; /* (nullable): where the answer may be kept */
    FulcraGiven *given;   /* (nullable) */
    FulcraFlight *flight; /* (nullable): that it leads */
    /* When its evaluation began, or its code; 0: it was not. The time may be
     * up meanwhile, on another thread. */
    _Atomic(int64_t) evaluated_us;
    const char *
            unkept; /* (nullable) static: it is not kept, whatever it answers */
    const char *turned_away; /* (nullable) static: why it is not, though it
                                may be: see cache_room.h */
    atomic_bool awaited;     /* by something that has begun */
    bool kept_answer;        /* it may be kept, and given to others */
    bool independent;        /* leaves the ledger of the parent as it is */
    unsigned question;       /* a hash of what it asks, once that was asked */
    const char *from_cache;  /* (nullable) static: "hit", "shared" */
    char *expired;           /* (nullable): why it was not: see explain.c */

    uint64_t order; /* for the tracer */
    int64_t started_ns;
};

struct _FulcraRoot {
    FulcraRequest request; /* first */
    FulcraKernel *kernel;
    FulcraTable *table;
    const char *fulcrum;  /* URI of the space that its places begin with */
    pthread_mutex_t lock; /* for waits */
    pthread_cond_t answered;
    atomic_int waiters;
    bool slept;             /* guarded by lock: someone has waited */
    FulcraTracing *tracers; /* (nullable): a list; complete when it begins */
    atomic_ullong n_traced;
    GPtrArray *joined; /* (nullable) of FulcraFlight: see flight.c */

    /* Of a subscription: see follow.h. */
    bool follows;        /* its ledger is wanted, whether it is kept or not */
    bool behind;         /* it does not pass the overlays on its way in */
    unsigned n_overlays; /* that it did not pass */
    FulcraWayIn *way_in; /* (nullable): guarded by lock */
    FulcraTable *older;  /* (nullable): that layers of its context are of */
};

/** As so many times fulcra_request_unref(). */
void fulcra__request_drop(FulcraRequest *self, int n);

/** Whether the kernel keeps a record of what the answer depends on. */
bool fulcra__request_may_be_kept(const FulcraRequest *self);

/** "SINK ws:/demo/echo" and where it went, for stacks and logs. */
char *fulcra__request_describe(FulcraRequest *self);

/** It will be evaluated: from now on what it depends on is kept, and what its
 * resolution depended on is the first of it. */
void fulcra__request_open_ledger(FulcraRequest *self);

/** Notes what the answer depends on; does nothing where no ledger is kept. */
void fulcra__request_note(FulcraRequest *self, FulcraNotedKind kind,
        const char *name, uint64_t value);

/** The answer is for this request only. @why: static */
void fulcra__request_bind(FulcraRequest *self, const char *why);

/** What the value of a header is noted as; 0 where it is absent. */
uint64_t fulcra__request_header_value(FulcraRequest *self, const char *name);

/** Whether it, or a request above it, is not wanted any more. */
bool fulcra__request_is_cancelled(FulcraRequest *self);

/** The deadline, decided now if it was not yet: monotonic microseconds. */
int64_t fulcra__request_get_due(FulcraRequest *self);

/** The argument passed by value or as a request. (nullable) */
const FulcraPassed *fulcra__request_get_passed(
        FulcraRequest *self, const char *name);

/** The @index-th text or reference named @name: slots first, then the
 * identifier's, then those that were added. (nullable) */
const FulcraArgument *fulcra__request_get_argument(
        FulcraRequest *self, const char *name, size_t index);

/** Who asked: overlays on the way only passed it on. (nullable) */
FulcraRequest *fulcra__request_get_caller(FulcraRequest *self);

/** For `arg:NAME`: turns @self into the request for what that argument of its
 * parent stands for. @value: (out) (transfer full): set where it was passed by
 * value. Fails with FULCRA_ERROR_BAD_ARGUMENT where there is no such one. */
bool fulcra__request_dereference(
        FulcraRequest *self, FulcraRepresentation **value, GError **error);

/** The places it is resolved in; those of a root are looked up on first use.
 * NULL where the fulcrum is not published. */
FulcraPlaces *fulcra__request_get_places(FulcraRequest *self);

/** Whether what runs is an overlay that it passes. */
static inline bool
fulcra__request_is_at_overlay(const FulcraRequest *self)
{
    return self->route != NULL && self->step + 1 < self->route->n_steps;
}

/** Finds the endpoint. Fails with FULCRA_ERROR_UNRESOLVED and a trace, and then
 * `resolved` says what was asked. @hold: `resolved` in any case */
bool fulcra__request_resolve(FulcraRequest *self, bool hold, GError **error);

/** @resolution: (transfer none): of its table; answers it from now on. It is
 * held where there is something to be looked at later, or with @hold. */
void fulcra__request_take_resolution(
        FulcraRequest *self, FulcraResolution *resolution, bool hold);

#define FULCRA__MAX_EXTRA_NAMES 64

/** The names of arguments that its identifier does not have. Returns: how
 * many */
size_t fulcra__request_list_extra_names(
        FulcraRequest *self, const char *names[FULCRA__MAX_EXTRA_NAMES]);

/* How to come from one type to another: at most two conversions. */
#define FULCRA__MAX_CONVERSIONS 2
typedef struct {
    size_t n;
    struct {
        FulcraEndpoint *endpoint;
        const char *to;
    } steps[FULCRA__MAX_CONVERSIONS];
} FulcraConversion;

/** Looks for transreptors in the scope of @self. */
bool fulcra__request_find_conversion(FulcraRequest *self, const char *from,
        const char *to, FulcraConversion *conversion);

/** A request to convert @from with @endpoint. (transfer full) */
FulcraRequest *fulcra__request_new_transrept(FulcraRequest *parent,
        FulcraEndpoint *endpoint, FulcraRepresentation *from, const char *to);

/** The kernel's entries for the deadlines: see fulcra__deadlines_new(). */
void fulcra__request_hold_expiring(FulcraDeadline *entry);
void fulcra__request_expire(FulcraDeadline *entry);

/** @self again, for @endpoint to answer in the place of its own. (transfer
 * full) */
FulcraRequest *fulcra__request_redirect(
        FulcraRequest *self, FulcraEndpoint *endpoint);

/** What fulcra_request_defer() returns. */
extern FulcraRepresentation *const fulcra__deferred;

void fulcra__trace_begin(FulcraRequest *self);
void fulcra__tracings_free(FulcraTracing *self);
void fulcra__trace_end(FulcraRequest *self);
