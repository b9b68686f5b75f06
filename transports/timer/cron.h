/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Cron expressions, as pure functions
 *
 *     minute hour day-of-month month day-of-week
 *
 * Each field is "*" or a list of numbers, ranges and steps, "1,10-20/5";
 * months and days of the week have names; 0 and 7 are Sunday. Where both day
 * fields are restricted a day that either names is meant, as cron(8) has it: a
 * field that begins with "*" is not restricted. @hourly, @daily, @midnight,
 * @weekly, @monthly, @yearly and @annually stand for what they say.
 */

#include <fulcra/types.h>

G_BEGIN_DECLS

/* Bit n of each stands for n. */
typedef struct {
    uint64_t minutes;
    uint32_t hours, days, months, weekdays;
    bool days_restricted, weekdays_restricted;
} FulcraCron;

/**
 * fulcra__cron_parse:
 * @at: (out): the byte of @text that is wrong
 *
 * Fails with FULCRA_ERROR_BAD_ARGUMENT, also where the expression means days
 * that no month has.
 */
bool fulcra__cron_parse(
        FulcraCron *self, const char *text, size_t *at, GError **error);

/**
 * fulcra__cron_next:
 * @zone: whose clock the expression means
 * @after: seconds since 1970, UTC
 *
 * When clocks go forward, what is skipped happens at once when they have; when
 * they go back, what is repeated happens the first time only. An expression
 * that asks for every hour means hours that pass, and neither applies.
 *
 * Returns: the first time that is meant after @after, of the same kind
 */
int64_t fulcra__cron_next(
        const FulcraCron *self, GTimeZone *zone, int64_t after);

G_END_DECLS
