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

/** Forgets the last message and the counts; who is subscribed stays so. */
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

/** @self as the answer to a subscription. (transfer full) */
FulcraRepresentation *fulcra_representation_new_topic(FulcraTopic *self);

/** Whether @request wants to follow the resource rather than to know it. */
bool fulcra_request_is_subscription(FulcraRequest *request);

G_END_DECLS
