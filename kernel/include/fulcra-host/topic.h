/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Topics, for the transports that deliver
 */

#include <fulcra-host/kernel.h>
#include <fulcra/topic.h>

G_BEGIN_DECLS

/* Embedded in whatever stands for the subscribers of one loop. */
typedef struct _FulcraTopicListener FulcraTopicListener;
struct _FulcraTopicListener {
    /* Under the topic's lock, on the publisher's thread: takes note of
     * @message (transfer none), does not call the topic, does not wait. */
    void (*published)(FulcraTopicListener *self, FulcraRepresentation *message);
    const void *owner;                    /* by which it is found */
    FulcraTopicListener *previous, *next; /* the topic's */
};

/** Holds back publications until fulcra_host_topic_unlock(); returns the last
 * message (transfer none) (nullable). For a moment only. */
FulcraRepresentation *fulcra_host_topic_lock(FulcraTopic *self);
void fulcra_host_topic_unlock(FulcraTopic *self);

/* --- while it is locked --- */

/** What is published from now on comes to @listener, which holds a reference
 * to @self as long. */
void fulcra_host_topic_listen(FulcraTopic *self, FulcraTopicListener *listener);

/** Nothing comes to @listener any more. */
void fulcra_host_topic_unlisten(
        FulcraTopic *self, FulcraTopicListener *listener);

/** The listener of @owner. (transfer none) (nullable) */
FulcraTopicListener *fulcra_host_topic_find_listener(
        FulcraTopic *self, const void *owner);

/** Presence: @socket is subscribed once more, or once less. True where somebody
 * came or went: then fulcra_host_topic_cut_presence() is due. */
bool fulcra_host_topic_enter(FulcraTopic *self, FulcraSocket *socket);
bool fulcra_host_topic_leave(FulcraTopic *self, FulcraSocket *socket);

/* --- while it is not --- */

void fulcra_host_topic_cut_presence(FulcraTopic *self);

/** Calls @each for every topic that was opened by its key, in no order, with a
 * lock held: it opens and finds none. */
void fulcra_host_kernel_foreach_topic(FulcraKernel *kernel,
        void (*each)(const char *key, FulcraTopic *topic, void *user_data),
        void *user_data);

/** Marks @request, a root that was not issued, as a subscription. */
void fulcra_host_request_set_subscription(FulcraRequest *request);

G_END_DECLS
