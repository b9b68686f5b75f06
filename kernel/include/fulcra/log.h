/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Logging
 *
 * One line an event, on standard error or in the journal, with fields for the
 * module, the request and the socket that it is about.
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

typedef enum {
    FULCRA_LOG_ERROR,
    FULCRA_LOG_WARNING,
    FULCRA_LOG_INFO,
    FULCRA_LOG_DEBUG,
} FulcraLogLevel;

/** @request: (nullable): the request being handled, for the fields. */
void fulcra_log(FulcraRequest *request, FulcraLogLevel level,
        const char *format, ...) FULCRA_PRINTF(3, 4);

#define fulcra_log_error(request, ...)                                         \
    fulcra_log(request, FULCRA_LOG_ERROR, __VA_ARGS__)
#define fulcra_log_warning(request, ...)                                       \
    fulcra_log(request, FULCRA_LOG_WARNING, __VA_ARGS__)
#define fulcra_log_info(request, ...)                                          \
    fulcra_log(request, FULCRA_LOG_INFO, __VA_ARGS__)
#define fulcra_log_debug(request, ...)                                         \
    fulcra_log(request, FULCRA_LOG_DEBUG, __VA_ARGS__)

G_END_DECLS
