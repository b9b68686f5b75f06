/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Topics
 *
 * What is published to a topic goes to everyone who is subscribed, all of it,
 * in one order for all. An endpoint that has a topic for its identifier answers
 * a SOURCE that is a subscription with fulcra_representation_new_topic(); the
 * transport joins it, and the socket leaves it by itself when it closes.
 *
 * A topic is the server's, not the module's: whoever is subscribed stays so
 * when the module that made it is replaced. Every call is safe from any
 * thread, and none waits for a subscriber.
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

#define FULCRA_TYPE_TOPIC "topic" /* boxed: a FulcraTopic */

/**
 * fulcra_topic_new:
 * @key: an expiry key of the application's choice, cut with each message;
 *     "KEY:presence" is cut when somebody subscribes or leaves
 *
 * Returns: (transfer full)
 */
FulcraTopic *fulcra_topic_new(const char *key);
FulcraTopic *fulcra_topic_ref(FulcraTopic *self);
void fulcra_topic_unref(FulcraTopic *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraTopic, fulcra_topic_unref)

/** Sends @message (transfer none) to all who are subscribed. Text types leave
 * as text messages, others as binary ones; encoded once for all of them. */
void fulcra_topic_publish(FulcraTopic *self, FulcraRepresentation *message);

/** The last message. (transfer full) (nullable): NULL before the first */
FulcraRepresentation *fulcra_topic_get_last(FulcraTopic *self);

/** How many messages have been published. */
uint64_t fulcra_topic_get_n_published(FulcraTopic *self);
unsigned fulcra_topic_get_n_subscribers(FulcraTopic *self);

/** The sockets that are subscribed, in no order, at most @max of them: handles
 * to be released. (transfer full) (element-type FulcraSocket) */
struct _GPtrArray *fulcra_topic_list_subscribers(
        FulcraTopic *self, unsigned max);

/** @self as the answer to a subscription. (transfer full) */
FulcraRepresentation *fulcra_representation_new_topic(FulcraTopic *self);

/** Whether @request wants to follow the resource rather than to know it. */
bool fulcra_request_is_subscription(FulcraRequest *request);

G_END_DECLS
