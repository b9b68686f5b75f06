/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Requests, for the host: roots, and what endpoints of dynamic spaces need
 */

#include <fulcra-host/kernel.h>
#include <fulcra/identifier.h>
#include <fulcra/representation.h>
#include <fulcra/request.h>

G_BEGIN_DECLS

/**
 * fulcra_host_request_new_root:
 * @space: URI of the published space in which to resolve: a fulcrum; it must
 *     live as long as the request
 * @context: (transfer none) (nullable): the dynamic part of the scope
 *
 * Fill it in as any request (fulcra_request_set_primary() and so on) and issue
 * it once with fulcra_request_issue() or fulcra_request_issue_async(). Issued
 * asynchronously on a loop thread, its answer comes on that thread: before the
 * call returns where everything was FULCRA_RUN_INLINE and answered at once,
 * otherwise through the loop's queue.
 *
 * Returns: (transfer full)
 */
FulcraRequest *fulcra_host_request_new_root(FulcraKernel *kernel,
        const char *space, FulcraContext *context, FulcraVerb verb,
        FulcraIdentifier *identifier);

/** The same in a table that is not published any more, or not yet: @table,
 * (transfer none). */
FulcraRequest *fulcra_host_request_new_root_in(FulcraKernel *kernel,
        FulcraTable *table, const char *space, FulcraContext *context,
        FulcraVerb verb, FulcraIdentifier *identifier);

/** As fulcra_request_set_primary(). @primary: (transfer full) */
void fulcra_host_request_take_primary(
        FulcraRequest *self, FulcraRepresentation *primary);

/** Whether it was answered; false between deferral and answer. */
bool fulcra_host_request_is_done(FulcraRequest *self);

/* After a time-out or a cancellation the caller has its answer, but the
 * endpoint's code may still be running. @returned is called when it has
 * returned (deferring is returning) or answered, and that of what it forwarded
 * as an overlay as well: at once if they have. On a loop: through its queue. */
void fulcra_host_request_when_returned(FulcraRequest *self,
        void (*returned)(FulcraRequest *self, void *user_data),
        void *user_data);

/**
 * FulcraHandOn:
 * @error: (nullable): what it failed with
 * @user_data: the callback's
 *
 * Called on whatever thread answers @self, in its domain where its code ran
 * there. May issue the next of the row, and must not wait.
 *
 * Returns: whether it has; the callback of @self is not called then
 */
typedef bool (*FulcraHandOn)(
        FulcraRequest *self, const GError *error, void *user_data);

/**
 * fulcra_host_request_issue_in_row:
 * @self: a root
 * @loop: (transfer none): where @answered is called
 * @before: (nullable): the one that went before it in the row, where this is
 *     called by its @hand_on
 *
 * As fulcra_request_issue_async() on the thread of @loop. What @hand_on issues
 * begins without the way over the loop: next of all in the same domain, as long
 * as the row has not taken long there, and after what waits otherwise.
 */
void fulcra_host_request_issue_in_row(FulcraRequest *self, FulcraExecutor *loop,
        FulcraRequest *before, FulcraHandOn hand_on, FulcraAnswered answered,
        void *user_data);

/** Whether @self, which was resolved, runs in a domain, and meets no overlay on
 * its way there. */
bool fulcra_host_request_is_serial(FulcraRequest *self);

/** In the code of an endpoint of a dynamic space: the layer it speaks for. */
FulcraContext *fulcra_host_request_get_layer(FulcraRequest *self);

/** Nearest layer of the class named, in the scope of the request. (nullable) */
FulcraContext *fulcra_host_request_find_layer(
        FulcraRequest *self, const FulcraContextClass *klass);

/** The nearest layer of the context. (transfer none) (nullable) */
FulcraContext *fulcra_host_request_get_context(FulcraRequest *self);

/** Whether no endpoint asks it: it is a root, or overlays only passed one on.
 * Its answer is then for whoever is outside, who understands what headers such
 * as httpResponse:/code say. */
bool fulcra_host_request_is_from_root(FulcraRequest *self);

/** For an endpoint that answers @self by asking for another resource in its
 * place: who asks for that is who asked for @self. */
void fulcra_host_request_relay(FulcraRequest *self);

/** Gives @self, a sub-request that was not issued, one more layer of context:
 * its parent is what fulcra_host_request_get_context() said. */
void fulcra_host_request_push_layer(FulcraRequest *self, FulcraContext *layer);

/** Puts @space, sealed, in front of the places in which @self is resolved. */
void fulcra_host_request_enter(FulcraRequest *self, FulcraSpace *space);

/**
 * fulcra_host_request_match:
 * @reason: (out) (optional): why not; static or interned
 *
 * For an endpoint that has grammars of its own: where @grammar matches the
 * identifier that @self asks for, its slots take the place of those that
 * resolution found. To be called before any of them was looked at.
 */
bool fulcra_host_request_match(
        FulcraRequest *self, const FulcraGrammar *grammar, const char **reason);

/** The @index-th text or reference named @name, as
 * fulcra_request_get_argument_at() finds them. false where there is none; what
 * was passed by value or as a request is none. (transfer none) */
bool fulcra_host_request_get_slot(
        FulcraRequest *self, const char *name, size_t index, FulcraSlot *slot);

/** Gives @self, which was not issued, the arguments that @from was given and
 * @self has none of: texts, references, values and requests. Fails with
 * FULCRA_ERROR_TOO_LARGE. */
bool fulcra_host_request_pass_arguments(
        FulcraRequest *self, FulcraRequest *from, GError **error);

FulcraKernel *fulcra_host_request_get_kernel(FulcraRequest *self);

/** Fulcra's URI of the module whose endpoint answers. (nullable) */
const char *fulcra_host_request_get_module(FulcraRequest *self);

/** Gives @self, which was not issued, the headers of the request @from. */
void fulcra_host_request_pass_headers(FulcraRequest *self, FulcraRequest *from);

/** The id of the endpoint that will answer in the end, past all overlays that
 * @self, which was resolved, goes through. (nullable) */
const char *fulcra_host_request_get_target_id(FulcraRequest *self);

/**
 * fulcra_host_request_detour:
 * @self: what fulcra_request_forward() gave an overlay
 * @overlays: (array length=n_overlays) (transfer none): as long as the overlay
 *     that calls this
 *
 * Lets @self pass @overlays, the first of them first, before it goes in.
 */
void fulcra_host_request_detour(FulcraRequest *self,
        FulcraEndpoint *const *overlays, size_t n_overlays);

/** The HTTP status that says what @error does; 500 for those of others. */
unsigned fulcra_host_error_get_status(const GError *error);

/** For an endpoint that resolves by itself: what it asked, a line each, for
 * fulcra_error_get_trace(). @error: FULCRA_ERROR_UNRESOLVED */
void fulcra_host_error_set_trace(GError *error, const char *trace);

/* Its bytes were found to be UTF-8 by who made it, before it was shared: nobody
 * need look again. */
void fulcra_host_representation_set_utf8(FulcraRepresentation *self);
bool fulcra_host_representation_is_utf8(FulcraRepresentation *self);

/** Marks a representation that a transport made as from outside. */
FulcraRepresentation *fulcra_host_representation_from_outside(
        FulcraRepresentation *self /* (transfer full) */);

/* Calls @each for every header. */
void fulcra_host_representation_foreach_header(FulcraRepresentation *self,
        void (*each)(const char *name, const char *value, void *user_data),
        void *user_data);

/**
 * fulcra_host_representation_derive:
 * @type: interned name of the derived form
 * @make: (nullable): makes it from @self; a pure function of it and of what
 *     @type already says, such as parameters behind @user_data
 *
 * Returns: (transfer none) (nullable): the form that hangs on @self, made now
 * if it was not there and @make is given; as long as @self. Of two threads that
 * make it at once one wins.
 */
FulcraRepresentation *fulcra_host_representation_derive(
        FulcraRepresentation *self, const char *type,
        FulcraRepresentation *(*make)(
                FulcraRepresentation *self, void *user_data),
        void *user_data);

/**
 * fulcra_host_representation_add_coding:
 * @self: nobody else holds it yet
 * @coding: "gzip" or "br"
 * @form: (transfer full): the same bytes in that content coding, with an ETag
 *     of its own
 *
 * Leaves a coded form with @self, for a transport to send in its place to whom
 * accepts it. Those who read @self do not see it.
 */
void fulcra_host_representation_add_coding(FulcraRepresentation *self,
        const char *coding, FulcraRepresentation *form);

/** The form that was left with @self, or with one whose bytes @self shares.
 * (transfer none) (nullable) */
FulcraRepresentation *fulcra_host_representation_get_coding(
        FulcraRepresentation *self, const char *coding);

/**
 * fulcra_host_representation_new_uninitialised:
 * @type: interned
 * @data: (out): @length bytes to be filled in before it is shared
 *
 * For transports: one allocation for the representation and its payload.
 */
FulcraRepresentation *fulcra_host_representation_new_uninitialised(
        const char *type, size_t length, void **data);

/* --- resolution kept across requests --- */

/* What was resolved for a socket's messages; stale when the table of spaces
 * was swapped, and then made anew by the request itself. */
typedef struct _FulcraResolution FulcraResolution;

/** Resolves without evaluating. NULL with FULCRA_ERROR_UNRESOLVED (and its
 * trace) where nothing answers. (transfer full) */
FulcraResolution *fulcra_host_request_resolve(
        FulcraRequest *self, GError **error);
FulcraResolution *fulcra_host_resolution_ref(FulcraResolution *self);
void fulcra_host_resolution_unref(FulcraResolution *self);
bool fulcra_host_resolution_is_current(
        FulcraResolution *self, FulcraKernel *kernel);
/** Whether both are of the same publication and lead to the same endpoint with
 * the same slots: one can then serve for the other. */
bool fulcra_host_resolution_equal(FulcraResolution *a, FulcraResolution *b);
const char *fulcra_host_resolution_get_endpoint_id(FulcraResolution *self);

/**
 * fulcra_host_request_use_resolution:
 * @resolution: made for the same base, scope and verb
 *
 * Lets @self use @resolution if it is still current: the identifier's arguments
 * are taken from @self.
 *
 * A META request may use what another verb resolved to. It goes the same way,
 * past the same overlays, which may answer it; where the endpoint in the end
 * has nothing to say about itself, it is answered with none and runs nothing.
 */
void fulcra_host_request_use_resolution(
        FulcraRequest *self, FulcraResolution *resolution);

/* --- what is known of an answer --- */

/* Each of a request that was answered. */

/** Whether everybody would be given this answer: nothing of a context and no
 * header was looked at, and no overlay was passed. */
bool fulcra_host_request_is_for_all(FulcraRequest *self);

/** When the answer expires, all that it was made from included: AT also where
 * something it was made from has a time, DEPENDENT where it may expire at any
 * moment, because of a key or a check. @at: (out) (optional): for AT, as
 * fulcra_representation_get_expiry() has it */
FulcraExpiry fulcra_host_request_get_expiry(FulcraRequest *self, int64_t *at);

/* Why an answer is kept or not, until when, and for whom. Lists end with NULL.
 */
typedef struct {
    const char *cache;  /* (nullable) "hit", "shared", "kept"; or why not; NULL
                           where nothing is kept anyway */
    char *culprit;      /* (nullable): the sub-request for which it is not */
    char *expired;      /* (nullable): why what was kept before was not given,
                           where this request is traced */
    int64_t expires_at; /* as g_get_real_time() counts; 0: not by time */
    char **keys;        /* that it expires with, its sub-requests' too */
    bool more_keys;     /* than are listed */
    char **checks;      /* identifiers that are asked whether it holds */
    char **layers;      /* schemes of layers of context that were asked, whether
                           there was one or not */
    char **headers;     /* of the request, that were read */
    bool for_one;       /* it is for this request alone, or for who knows */
} FulcraExplanation;

/** (transfer full) */
FulcraExplanation *fulcra_host_request_explain_answer(FulcraRequest *self);
void fulcra_host_explanation_free(FulcraExplanation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraExplanation, fulcra_host_explanation_free)

/** What there is to say beside @cache, in a line: "for all; until a cut of
 * stock:ACME", "because of res:/random"; or "". (transfer full) */
char *fulcra_host_explanation_to_text(const FulcraExplanation *self);

/** What of @text is shown where there is room for @most bytes: valid UTF-8, cut
 * between characters, with an ellipsis where it was cut. NULL for NULL and for
 * "". (nullable) (transfer full) */
char *fulcra_host_trace_shorten(const char *text, size_t most);

/* --- tracing --- */

/* One request of a tree, as it ended. */
typedef struct {
    unsigned depth; /* 0: the root */
    FulcraVerb verb;
    const char *identifier;
    const char *endpoint; /* (nullable): its id; NULL if unresolved */
    const char *space;    /* (nullable) */
    const char *error;    /* (nullable): message */
    const char *cache;    /* (nullable) "hit", "shared", "kept"; or why not */
    const FulcraExplanation *explanation;
    uint64_t order;               /* in which requests began, within the tree */
    int64_t started_ns, ended_ns; /* CLOCK_MONOTONIC */
    const char *thread;           /* the name of the one it ended on */
} FulcraTraceRecord;

/* Called on whatever thread the request ends on; several may at once. Children
 * end before their parents as a rule, not always. */
typedef void (*FulcraTracer)(const FulcraTraceRecord *record, void *user_data);

/** Traces @self, a root that was not issued, and all below it; several may.
 * @user_data must outlive the tree; @release (nullable) is called when the tree
 * has gone. */
void fulcra_host_request_add_tracer(FulcraRequest *self, FulcraTracer tracer,
        void *user_data, GDestroyNotify release);

/**
 * fulcra_host_kernel_watch_roots:
 * @watch: called for each root as it begins, on its thread: may add tracers to
 *     it, and nothing else. It and @user_data must outlive @kernel
 *
 * Sets who is shown the roots; once, before there are any. None are shown until
 * fulcra_host_kernel_set_watching().
 */
void fulcra_host_kernel_watch_roots(FulcraKernel *kernel,
        void (*watch)(FulcraRequest *root, void *user_data), void *user_data);
void fulcra_host_kernel_set_watching(FulcraKernel *kernel, bool watching);

G_END_DECLS
