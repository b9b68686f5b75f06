/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The control thread: the one that decides
 *
 * The main thread, once the server runs. What changes the server as a whole is
 * a task posted here, so that there is one such thing at a time; signals come
 * here as well. It may wait: no request of a client depends on it.
 */

#include <fulcra-host/kernel.h>

G_BEGIN_DECLS

typedef struct _FulcraControl FulcraControl;

/** On the thread that will call fulcra_control_run(). (transfer full) */
FulcraControl *fulcra_control_new(void);
void fulcra_control_free(FulcraControl *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FulcraControl, fulcra_control_free)

/**
 * fulcra_control_post:
 *
 * Any thread: tasks run in the order in which they were posted.
 *
 * Returns: false where the thread takes no more
 */
bool fulcra_control_post(FulcraControl *self, FulcraTask *task);

/** Runs tasks until fulcra_control_quit() was called. */
void fulcra_control_run(FulcraControl *self);
void fulcra_control_quit(FulcraControl *self);

/** Runs what was posted before, and refuses what comes after. */
void fulcra_control_close(FulcraControl *self);

G_END_DECLS
