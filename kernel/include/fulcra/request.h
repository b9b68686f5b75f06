/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Requests
 *
 * A request is an identifier, a verb, arguments, headers, a wanted type and a
 * scope. An endpoint is handed one, reads it with the calls of the first part,
 * and answers; on the way it may issue sub-requests with the calls of the
 * second. A request handed to an endpoint is valid until the endpoint has
 * answered; keep it longer with fulcra_request_ref().
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

FulcraRequest *fulcra_request_ref(FulcraRequest *self);
void fulcra_request_unref(FulcraRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraRequest, fulcra_request_unref)

/* --- reading a request: all results (transfer none), as long as @self --- */

FulcraVerb fulcra_request_get_verb(FulcraRequest *self);
FulcraIdentifier *fulcra_request_get_identifier(FulcraRequest *self);

/** The id under which the definition declares the endpoint that answers. */
const char *fulcra_request_get_endpoint_id(FulcraRequest *self);

/** What fulcra_module_add_endpoint() was given as data. */
void *fulcra_request_get_data(FulcraRequest *self);

/**
 * fulcra_request_get_argument:
 *
 * Returns: (nullable): the text of the grammar's slot or of the literal
 * argument @name, unescaped; the first of repeated ones; NULL where there is
 * none or it is a reference (see fulcra_request_source_argument())
 */
const char *fulcra_request_get_argument(FulcraRequest *self, const char *name);

/**
 * fulcra_request_get_n_arguments:
 *
 * How often the argument @name was given, whichever way it was passed.
 */
size_t fulcra_request_get_n_arguments(FulcraRequest *self, const char *name);

/** As fulcra_request_get_argument(), the @index-th of repeated ones. */
const char *fulcra_request_get_argument_at(
        FulcraRequest *self, const char *name, size_t index);

/** The identifier of an argument by reference; NULL for any other. */
FulcraIdentifier *fulcra_request_get_argument_identifier(
        FulcraRequest *self, const char *name);

/** The primary argument: the body of SINK and NEW. (nullable) */
FulcraRepresentation *fulcra_request_get_primary(FulcraRequest *self);

/** The value of a request header, those inherited included. (nullable) */
const char *fulcra_request_get_header(FulcraRequest *self, const char *name);

/** The type the caller wants; NULL for any. Converting is the kernel's work. */
const char *fulcra_request_get_wanted_type(FulcraRequest *self);

/** The WebSocket that this request is for, if it is for one. (nullable) */
FulcraSocket *fulcra_request_get_socket(FulcraRequest *self);

/** Monotonic microseconds (g_get_monotonic_time()) after which nobody waits. */
int64_t fulcra_request_get_deadline(FulcraRequest *self);

/** Whether the answer is no longer wanted: a long computation may stop. */
bool fulcra_request_is_cancelled(FulcraRequest *self);

/* --- expiry keys (NetKernel: golden threads) --- */

/**
 * fulcra_request_attach_key:
 * @key: a name of the application's choice; with colons, "stock:ACME" lies in
 *     the families "stock:*" and "*"
 *
 * Makes the answer to @self depend on @key, from when its evaluation began:
 * attach before or after reading what it stands for, no cut is lost.
 */
void fulcra_request_attach_key(FulcraRequest *self, const char *key);

/** Expires every answer that depends on @key, or on a key of the family @key.
 * Cut after the change, not before. */
void fulcra_request_cut_key(FulcraRequest *self, const char *key);

/** Several at once: who follows what depends on more than one of them is woken
 * after all were cut. @keys: (array zero-terminated=1) */
void fulcra_request_cut_keys(FulcraRequest *self, const char *const *keys);

/**
 * fulcra_request_attach_check:
 * @check: (transfer none): what is asked whether the answer still holds
 *
 * For what changes without telling anybody: a file of another program, a
 * foreign service. When the answer to @self, or what was made of it, is wanted
 * again, EXISTS is asked of @check in the scope of the endpoint but outside of
 * any context, at most once a second; `true` means that the answer holds. Where
 * it says anything else, fails, or takes more than a second, the answer has
 * expired. @check is no `arg:`.
 */
void fulcra_request_attach_check(FulcraRequest *self, FulcraIdentifier *check);

/* --- asking for other resources, and waiting --- */

/* Each issues a sub-request of @self in the same scope and waits for it. On
 * an event loop's thread (FULCRA_RUN_INLINE) they may reach only endpoints
 * that are FULCRA_RUN_INLINE too, and fail otherwise. */

/**
 * fulcra_request_source:
 * @type: (nullable): the wanted type
 *
 * Returns: (transfer full) (nullable): NULL with @error set
 */
FulcraRepresentation *fulcra_request_source(FulcraRequest *self,
        FulcraIdentifier *identifier, const char *type, GError **error);

/** The setting @name of the module, an int, a duration (milliseconds) or a size
 * (bytes); 0 where it has none of that name. */
int64_t fulcra_request_source_setting(FulcraRequest *self, const char *name);

/** @primary: (transfer none) */
bool fulcra_request_sink(FulcraRequest *self, FulcraIdentifier *identifier,
        FulcraRepresentation *primary, GError **error);

/** What an argument stands for: the value that was passed, or the answer to
 * the identifier or request that was. (transfer full) (nullable) */
FulcraRepresentation *fulcra_request_source_argument(FulcraRequest *self,
        const char *name, const char *type, GError **error);

/** The primary argument as @type. (transfer full) (nullable) */
FulcraRepresentation *fulcra_request_source_primary(
        FulcraRequest *self, const char *type, GError **error);

/** @from as @type; @from itself where it has that type. (transfer full) */
FulcraRepresentation *fulcra_request_transrept(FulcraRequest *self,
        FulcraRepresentation *from, const char *type, GError **error);

/* --- asking in full --- */

/** A sub-request of @parent, to be filled in and issued once. (transfer full)
 */
FulcraRequest *fulcra_request_new(
        FulcraRequest *parent, FulcraVerb verb, FulcraIdentifier *identifier);

void fulcra_request_set_wanted_type(FulcraRequest *self, const char *type);
void fulcra_request_set_primary(
        FulcraRequest *self, FulcraRepresentation *primary);

/** A header; with @inherited, sub-requests carry it too. */
void fulcra_request_set_header(FulcraRequest *self, const char *name,
        const char *value, bool inherited);

/* An argument by reference, by value, and as a request that is issued only
 * when the receiver dereferences it. A name may be given several times. */
void fulcra_request_add_reference(
        FulcraRequest *self, const char *name, FulcraIdentifier *identifier);
void fulcra_request_add_value(
        FulcraRequest *self, const char *name, FulcraRepresentation *value);
void fulcra_request_add_request(
        FulcraRequest *self, const char *name, FulcraRequest *request);

/**
 * fulcra_request_forward:
 * @self: the request that an overlay was handed
 *
 * Returns: (transfer full): the same request on its way into the wrapped
 * space: identifier, verb, arguments, primary, wanted type. It may be changed
 * before it is issued, and an overlay may issue none, or several.
 *
 * Most overlays do not wait for it: see fulcra_request_pass_on().
 */
FulcraRequest *fulcra_request_forward(FulcraRequest *self);

/**
 * fulcra_request_pass_on:
 * @inner: (transfer full): a sub-request of @self, not issued
 *
 * `return fulcra_request_pass_on(request, inner);` issues @inner and answers
 * @self with whatever comes back, by reference. No thread waits.
 */
FulcraRepresentation *fulcra_request_pass_on(
        FulcraRequest *self, FulcraRequest *inner);

/** Leaves what the answer of @self depends on out of what the answer of its
 * parent depends on: for side effects such as counting (NetKernel: exclude
 * dependencies). */
void fulcra_request_set_independent(FulcraRequest *self);

/** Brings the deadline forward to @milliseconds from now; never back. */
void fulcra_request_set_timeout(FulcraRequest *self, unsigned milliseconds);

/**
 * fulcra_request_issue:
 *
 * Issues @self and waits.
 *
 * Returns: (transfer full) (nullable): the answer; one of FULCRA_TYPE_NONE
 * where the endpoint gave none; NULL with @error set
 */
FulcraRepresentation *fulcra_request_issue(FulcraRequest *self, GError **error);

/**
 * FulcraAnswered:
 * @self: the request that was issued
 * @answer: (transfer none) (nullable): NULL where it failed
 * @error: (transfer none) (nullable): why it failed
 */
typedef void (*FulcraAnswered)(FulcraRequest *self,
        FulcraRepresentation *answer, const GError *error, void *user_data);

/**
 * fulcra_request_issue_async:
 *
 * Issues @self and returns. @answered is called exactly once: for a sub-request
 * of a FULCRA_RUN_SERIAL endpoint in that endpoint's domain, after the code
 * that runs now has returned; otherwise on the thread that completes it, which
 * may be this one and before this call returns.
 */
void fulcra_request_issue_async(
        FulcraRequest *self, FulcraAnswered answered, void *user_data);

/** Ends the wait for a request that was issued: it fails with CANCELLED. */
void fulcra_request_cancel(FulcraRequest *self);

/* --- answering later --- */

/**
 * fulcra_request_defer:
 *
 * `return fulcra_request_defer(request);` says that the answer comes later,
 * from any thread, by exactly one call of fulcra_request_respond() or
 * fulcra_request_fail(); the request is kept alive until then. No thread
 * waits. An answer that comes after the deadline is dropped.
 */
FulcraRepresentation *fulcra_request_defer(FulcraRequest *self);

/** @answer: (transfer full) (nullable): NULL for none */
void fulcra_request_respond(FulcraRequest *self, FulcraRepresentation *answer);

/** @error: (transfer full) */
void fulcra_request_fail(FulcraRequest *self, GError *error);

G_END_DECLS
