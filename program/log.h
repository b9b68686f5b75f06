/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Log lines
 *
 *     2026-01-01T12:00:00.123Z warning module=urn:x socket=4f2a it was slow
 *
 * One line an event on standard error, whatever the message holds; or, where
 * standard error is the journal, an entry with the fields as its fields.
 */

#include <fulcra/log.h>

G_BEGIN_DECLS

/** Installs the writer. Once, before there is a second thread. */
void fulcra_log_init(FulcraLogLevel level);

/** The least important lines that are still logged. Any thread. */
void fulcra_log_set_level(FulcraLogLevel level);

/** The level named; false where there is none. */
bool fulcra_log_level_parse(const char *name, FulcraLogLevel *level);

/** The line without its time and newline, for tests. (transfer full) */
char *fulcra_log_format(
        GLogLevelFlags level, const GLogField *fields, size_t n_fields);

G_END_DECLS
