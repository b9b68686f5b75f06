/* SPDX-License-Identifier: MIT */

/*
 * cron.c - when a cron expression comes next
 *
 * Days are walked on the calendar, where no clock changes. A time of a day that
 * matches is a subtraction away from the answer, unless the zone's offset is
 * another the day after than the day before: only then each is looked up.
 * Offsets change at most once within such three days.
 */

#include "timer/cron.h"

#define DAY_SECONDS INT64_C(86400)
#define NEVER       INT64_MAX

/* 29 February may be eight years away, as after 2096. */
#define MAX_DAYS (9 * 366)

#define EVERY_HOUR 0xffffffu

#define LATE_SECONDS      60
#define NEW_CLOCK_SECONDS (3 * 3600)

/* As many missed ticks are counted; of a year that a machine slept through
 * the others say nothing more. */
#define MAX_COUNTED 1000

/* A day on the calendar, with what the zone's clock was ahead of UTC by the
 * day before, and is the day after. */
typedef struct {
    GTimeZone *zone;
    int64_t midnight; /* as if in UTC */
    int64_t before, behind;
    bool every_hour;
} Day;

static int64_t
offset_at(GTimeZone *zone, int64_t time)
{
    return g_time_zone_get_offset(
            zone, g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, time));
}

/* The second in (@low, @high] from which on the clock is not what it was at
 * @low. */
static int64_t
find_change(const Day *self, int64_t low, int64_t high)
{
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;

        if (offset_at(self->zone, middle) == self->before)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static int64_t
later_than(int64_t time, int64_t after)
{
    return time > after ? time : NEVER;
}

/* When the clock shows @local, seconds of the day, first after @after. */
static int64_t
find_time(const Day *self, int64_t local, int64_t after)
{
    int64_t first = self->midnight + local - self->before;
    int64_t second = self->midnight + local - self->behind;

    if (first == second || MAX(first, second) <= after)
        return later_than(first, after);

    bool is_first = offset_at(self->zone, first) == self->before;
    bool is_second = offset_at(self->zone, second) == self->behind;
    if (is_first && is_second) /* repeated */
        return first > after || !self->every_hour ? later_than(first, after)
                                                  : later_than(second, after);
    if (is_first || is_second)
        return later_than(is_first ? first : second, after);
    if (self->every_hour) /* skipped */
        return NEVER;
    return later_than(find_change(self, second, first), after);
}

static int64_t
find_on_day(const FulcraCron *cron, const Day *day, int64_t after)
{
    int64_t best = NEVER;

    for (unsigned hour = 0; hour < 24; hour++) {
        if ((cron->hours >> hour & 1u) == 0)
            continue;
        for (unsigned minute = 0; minute < 60; minute++) {
            if ((cron->minutes >> minute & 1u) == 0)
                continue;
            int64_t local = hour * INT64_C(3600) + minute * 60;

            if (day->midnight + local - MAX(day->before, day->behind) > best)
                return best;
            best = MIN(best, find_time(day, local, after));
        }
    }
    return best;
}

/* @number: days since 1970 */
static bool
is_meant(const FulcraCron *self, int64_t number)
{
    GDate date;

    g_date_clear(&date, 1);
    g_date_set_julian(&date, (guint32)(number + 719163));
    if ((self->months >> g_date_get_month(&date) & 1u) == 0)
        return false;

    bool day = (self->days >> g_date_get_day(&date) & 1u) != 0;
    bool weekday =
            (self->weekdays >> (g_date_get_weekday(&date) % 7) & 1u) != 0;
    return self->days_restricted && self->weekdays_restricted ? day || weekday
                                                              : day && weekday;
}

static int64_t
find_on(const FulcraCron *self, GTimeZone *zone, int64_t number, int64_t after)
{
    int64_t midnight = number * DAY_SECONDS;
    Day day = {
        .zone = zone,
        .midnight = midnight,
        .every_hour = self->hours == EVERY_HOUR,
    };

    if (!is_meant(self, number))
        return NEVER;
    day.before = offset_at(zone, midnight - DAY_SECONDS);
    day.behind = offset_at(zone, midnight + 2 * DAY_SECONDS);
    return find_on_day(self, &day, after);
}

int64_t
fulcra__cron_next(const FulcraCron *self, GTimeZone *zone, int64_t after)
{
    int64_t today = (after + offset_at(zone, after)) / DAY_SECONDS;
    int64_t best = NEVER;

    /* A clock that goes back over midnight shows yesterday once more. */
    for (int64_t day = today - 1; day <= today + 1; day++)
        best = MIN(best, find_on(self, zone, day, after));
    for (int64_t day = today + 2; best == NEVER && day < today + MAX_DAYS;
            day++)
        best = find_on(self, zone, day, after);
    return best;
}

/* --- against a clock --- */

void
fulcra__cron_clock_start(FulcraCronClock *self, const FulcraCron *cron,
        GTimeZone *zone, int64_t now)
{
    self->seen = now;
    self->due = fulcra__cron_next(cron, zone, now);
}

bool
fulcra__cron_clock_look(FulcraCronClock *self, const FulcraCron *cron,
        GTimeZone *zone, int64_t now, unsigned *skipped)
{
    bool late = now - self->due > LATE_SECONDS;
    bool due = now >= self->due;
    unsigned passed = 0;

    *skipped = 0;
    if (now < self->seen - NEW_CLOCK_SECONDS) {
        fulcra__cron_clock_start(self, cron, zone, now);
        return false;
    }
    self->seen = now;
    for (; self->due <= now && passed < MAX_COUNTED; passed++)
        self->due = fulcra__cron_next(cron, zone, self->due);
    if (self->due <= now)
        self->due = fulcra__cron_next(cron, zone, now);
    *skipped = due && !late ? passed - 1 : passed;
    return due && !late;
}
