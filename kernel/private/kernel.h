/* SPDX-License-Identifier: MIT */
#pragma once

#include "private/deadline.h"
#include "private/pool.h"
#include "private/table.h"
#include <fulcra-host/kernel.h>

struct _FulcraKernel {
    FulcraKernelLimits limits;
    pthread_mutex_t table_lock; /* for those who publish */
    _Atomic(FulcraTable *) table;
    atomic_ullong generation; /* of the table */
    const char *scheme_arg;   /* "arg", interned */
    FulcraSpace *builtins; /* resolved after all places: data:, transreptors */
    FulcraPool *pool;
    struct _FulcraCache *cache;
    struct _FulcraLives *lives;
    struct _FulcraTopics *topics;
    FulcraDeadlines *deadlines;
    FulcraSocket *(*find_socket)(const char *id, void *user_data);
    void *find_socket_data;
    atomic_bool watching; /* roots are shown to what follows */
    void (*watch)(FulcraRequest *root, void *user_data);
    void *watch_data;
};
