/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Who sockets belong to: for whoever lists them.
 */

#include <fulcra/socket.h>

G_BEGIN_DECLS

/**
 * fulcra_session_find_user:
 * @socket: (transfer none)
 *
 * Any thread; it waits for no request.
 *
 * Returns: (transfer full) (nullable): who is logged in (session:/user) in the
 * session that @socket was opened in; NULL where there is none, where nobody
 * is, and once the session has ended. Of sessions in sessions, any that has a
 * user
 */
char *fulcra_session_find_user(FulcraSocket *socket);

G_END_DECLS
