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

/* An expression against a clock that is looked at now and then. All times are
 * seconds since 1970. */
typedef struct {
    int64_t due;  /* the next tick */
    int64_t seen; /* what the clock said last */
} FulcraCronClock;

void fulcra__cron_clock_start(FulcraCronClock *self, const FulcraCron *cron,
        GTimeZone *zone, int64_t now);

/**
 * fulcra__cron_clock_look:
 * @skipped: (out): ticks whose time has passed
 *
 * To be called each minute at least. A tick that is more than a minute late
 * was missed: the machine slept, or its clock was set forward. Where the clock
 * was set back by less than three hours, ticks that were already there do not
 * come again; by more, it is a new clock, as for cron(8).
 *
 * Returns: whether there is a tick now
 */
bool fulcra__cron_clock_look(FulcraCronClock *self, const FulcraCron *cron,
        GTimeZone *zone, int64_t now, unsigned *skipped);

G_END_DECLS
