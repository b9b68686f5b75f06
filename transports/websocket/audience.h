/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Audiences: the sockets of one loop that are subscribed to one topic
 *
 * All calls on the loop's thread.
 */

#include <fulcra-host/topic.h>

typedef struct _FulcraAudience FulcraAudience;
typedef struct _FulcraMember FulcraMember; /* one socket in one audience */
typedef struct _FulcraSocketLoop FulcraSocketLoop;
typedef struct _FulcraWebSocket FulcraWebSocket;

/**
 * fulcra__audience_join:
 * @value: of what was published while the socket cannot take it only the newest
 *     need be kept, whatever the socket's policy says; otherwise all of it
 *     counts
 * @last: (out) (transfer full) (nullable): the last message before those that
 *     @socket will hear
 *
 * Lets @socket hear what is published to @topic from now on.
 *
 * Returns: (transfer full): to be given to fulcra__audience_leave() when it
 * unsubscribes or ends
 */
FulcraMember *fulcra__audience_join(FulcraWebSocket *socket, FulcraTopic *topic,
        bool value, FulcraRepresentation **last);
void fulcra__audience_leave(FulcraMember *member);

/** What audiences have pending for @socket goes into its queue, so that what is
 * sent now comes behind it. */
void fulcra__audience_catch_up(FulcraWebSocket *socket);

/** At the end of a turn: writes what is pending to all members. */
void fulcra__audiences_deliver(FulcraSocketLoop *home);
