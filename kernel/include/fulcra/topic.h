/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Topics
 *
 * What is published to a topic goes to everyone who is subscribed, all of it,
 * in one order for all. Code that has the topic subscribes sockets with
 * fulcra_topic_subscribe(). For others an endpoint that has one answers a
 * SOURCE that is a subscription with fulcra_representation_new_topic(). Either
 * way a socket leaves by itself when it closes.
 *
 * A topic is the server's, not the module's: whoever is subscribed stays so
 * when the module that made it is replaced, and the server keeps a list of
 * those that were opened by their keys, so that the next generation finds them.
 * Every call is safe from any thread, and none waits for a subscriber.
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

#define FULCRA_TYPE_TOPIC "topic" /* boxed: a FulcraTopic */

/**
 * fulcra_topic_open:
 * @request: any request being handled, for the server it belongs to
 * @key: an expiry key of the application's choice, cut with each message;
 *     "KEY:presence" is cut when somebody subscribes or leaves
 * @most: how many topics the server may have beside it
 *
 * Finds the server's topic of that key, or makes it. Where there are too many,
 * one that nobody holds and nobody is subscribed to is forgotten for it: the
 * one whose last message is the oldest.
 *
 * Returns: (transfer full) (nullable): NULL with FULCRA_ERROR_OVERLOADED where
 * all the others are in use
 */
FulcraTopic *fulcra_topic_open(
        FulcraRequest *request, const char *key, unsigned most, GError **error);

/**
 * fulcra_topic_get:
 * @key: of the code's choice, never a client's
 *
 * The same for a topic that is there as long as the server, however often the
 * module is replaced.
 *
 * Returns: (transfer none): as long as the server
 */
FulcraTopic *fulcra_topic_get(FulcraRequest *request, const char *key);

/** The one that was opened. (transfer full) (nullable) */
FulcraTopic *fulcra_topic_find(FulcraRequest *request, const char *key);

/** One that the server does not list. (transfer full) */
FulcraTopic *fulcra_topic_new(const char *key);
FulcraTopic *fulcra_topic_ref(FulcraTopic *self);
void fulcra_topic_unref(FulcraTopic *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraTopic, fulcra_topic_unref)

/** Sends @message (transfer none) to all who are subscribed. Text types leave
 * as text messages, others as binary ones; encoded once for all of them. */
void fulcra_topic_publish(FulcraTopic *self, FulcraRepresentation *message);

/** Publishes what fulcra_representation_new_json_printf() makes of @format. */
void fulcra_topic_publish_json(FulcraTopic *self, const char *format, ...);

/**
 * fulcra_topic_publish_kept:
 * @most: how many are kept, this one too; the oldest are forgotten
 *
 * The same, and keeps it for who comes later: no more than 1 MiB of them.
 */
void fulcra_topic_publish_kept(
        FulcraTopic *self, unsigned most, const char *format, ...);

/** What was kept, oldest first, as a list for %@av: `'recent': <%@av>`.
 * (transfer full): floating */
struct _GVariant *fulcra_topic_get_kept(FulcraTopic *self);

/** Forgets the last message, those kept and the counts; who is subscribed stays
 * so. */
void fulcra_topic_clear(FulcraTopic *self);

/** The last message. (transfer full) (nullable): NULL before the first */
FulcraRepresentation *fulcra_topic_get_last(FulcraTopic *self);

/** How many messages have been published. */
uint64_t fulcra_topic_get_n_published(FulcraTopic *self);

/** When the last one was: microseconds since 1970 (UTC); 0 before it. */
int64_t fulcra_topic_get_published_at(FulcraTopic *self);
unsigned fulcra_topic_get_n_subscribers(FulcraTopic *self);

/** The sockets that are subscribed, in no order, at most @max of them: handles
 * to be released. (transfer full) (element-type FulcraSocket) */
struct _GPtrArray *fulcra_topic_list_subscribers(
        FulcraTopic *self, unsigned max);

/**
 * fulcra_topic_subscribe:
 *
 * Lets @socket hear what is published from now on; what this thread sends to it
 * stays in order with what this thread publishes. Once is enough: subscribing
 * it again changes nothing. The socket leaves when it closes, before its
 * DELETE.
 *
 * Fails with FULCRA_ERROR_GONE where the socket has closed, and with
 * FULCRA_ERROR_OVERLOADED where it follows as many things as it may.
 */
bool fulcra_topic_subscribe(
        FulcraTopic *self, FulcraSocket *socket, GError **error);

/** Ends what fulcra_topic_subscribe() began. What was published before may
 * still arrive. */
void fulcra_topic_unsubscribe(FulcraTopic *self, FulcraSocket *socket);

/* --- names: who is here, as the others call them --- */

/**
 * fulcra_topic_join:
 * @name: (transfer none): 1 to 1024 bytes
 *
 * Gives @socket a name of its own in the topic. It is nothing more: what it is
 * to hear it is sent, or subscribes to.
 *
 * Fails, as fulcra_error_refuse() has it, with "already-joined" where the
 * socket has a name, with "name-taken" where another has this one, and with
 * FULCRA_ERROR_BAD_ARGUMENT where it is empty or too long.
 */
bool fulcra_topic_join(FulcraTopic *self, FulcraSocket *socket,
        const char *name, GError **error);

/** Takes the name away again: to be called by what answers DELETE of the
 * socket. Returns (transfer full) (nullable): the name that it had */
char *fulcra_topic_leave(FulcraTopic *self, FulcraSocket *socket);

/** The name of @socket; NULL with a refusal "not-joined" where it has none.
 * (transfer full) (nullable) */
char *fulcra_topic_get_name(
        FulcraTopic *self, FulcraSocket *socket, GError **error);

/** All names, in no order, as a list for %@as. (transfer full): floating */
struct _GVariant *fulcra_topic_list_names(FulcraTopic *self);

/** @self as the answer to a subscription. (transfer full) */
FulcraRepresentation *fulcra_representation_new_topic(FulcraTopic *self);

/** Whether @request wants to follow the resource rather than to know it. */
bool fulcra_request_is_subscription(FulcraRequest *request);

G_END_DECLS
