/* SPDX-License-Identifier: MIT */

/*
 * cron_parse.c - from the text of a cron expression to sets of bits
 *
 * There are small C libraries that do this; none is in Debian.
 */

#include "timer/cron.h"
#include <fulcra/error.h>

#include <string.h>

typedef struct {
    const char *noun;
    unsigned min, max;
    const char *names; /* (nullable): three letters each, the first is min's */
} Field;

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, N_FIELDS };

static const Field fields[N_FIELDS] = {
    { "minute", 0, 59, NULL },
    { "hour", 0, 23, NULL },
    { "day of the month", 1, 31, NULL },
    { "month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec" },
    { "day of the week", 0, 7, "sunmontuewedthufrisat" },
};

static const struct {
    const char *name, *means;
} nicknames[] = {
    { "@hourly", "0 * * * *" },
    { "@daily", "0 0 * * *" },
    { "@midnight", "0 0 * * *" },
    { "@weekly", "0 0 * * 0" },
    { "@monthly", "0 0 1 * *" },
    { "@yearly", "0 0 1 1 *" },
    { "@annually", "0 0 1 1 *" },
};

/* One field of an expression while it is read. */
typedef struct {
    const Field *field;
    const char *at, *end;
    GError **error;
} Reader;

static bool refuse(Reader *self, const char *format, ...) FULCRA_PRINTF(2, 3);

static bool
refuse(Reader *self, const char *format, ...)
{
    va_list arguments;
    g_autofree char *message = NULL;

    va_start(arguments, format);
    message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(self->error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT, "%s: %s",
            self->field->noun, message);
    return false;
}

static bool
read_name(Reader *self, unsigned *value)
{
    const char *names = self->field->names;

    for (size_t i = 0; names != NULL && names[i] != '\0'; i += 3) {
        if (self->end - self->at < 3 ||
                g_ascii_strncasecmp(self->at, names + i, 3) != 0)
            continue;
        *value = self->field->min + (unsigned)i / 3;
        self->at += 3;
        return true;
    }
    return false;
}

/* A number of at most three digits, which no field goes beyond. */
static bool
read_number(Reader *self, unsigned *value)
{
    const char *begin = self->at;

    for (*value = 0; self->at < self->end && g_ascii_isdigit(*self->at) &&
                     self->at - begin < 3;
            self->at++)
        *value = *value * 10 + (unsigned)(*self->at - '0');
    return self->at > begin;
}

static bool
read_value(Reader *self, unsigned *value)
{
    const Field *field = self->field;
    const char *begin = self->at;

    if (read_name(self, value))
        return true;
    if (read_number(self, value) && *value >= field->min &&
            *value <= field->max)
        return true;
    self->at = begin;
    return refuse(self, "\"%.*s\" is not %s%u to %u",
            (int)MIN(strcspn(begin, ",-/ \t"), (size_t)(self->end - begin)),
            begin, field->names != NULL ? "a name, nor " : "", field->min,
            field->max);
}

/* "*", "5", "5-10"; whether a step may follow, @stepped says. */
static bool
read_range(Reader *self, unsigned *low, unsigned *high, bool *stepped)
{
    *stepped = true;
    if (*self->at == '*' && self->at < self->end) {
        self->at++;
        *low = self->field->min;
        *high = self->field->max;
        return true;
    }
    if (!read_value(self, low))
        return false;
    *high = *low;
    *stepped = self->at < self->end && *self->at == '-';
    if (!*stepped)
        return true;

    const char *begin = ++self->at;
    if (!read_value(self, high))
        return false;
    if (self->field == &fields[WEEKDAY] && *high == 0)
        *high = 7; /* sat-sun */
    if (*high >= *low)
        return true;
    self->at = begin;
    return refuse(self, "a range that ends before it begins; two ranges would "
                        "be right");
}

static bool
read_step(Reader *self, unsigned *step, bool stepped)
{
    *step = 1;
    if (self->at >= self->end || *self->at != '/')
        return true;
    if (!stepped)
        return refuse(self, "a step needs \"*\" or a range, as in \"5-%u/15\"",
                self->field->max);
    self->at++;
    if (read_number(self, step) && *step > 0 && *step <= self->field->max)
        return true;
    return refuse(self, "a step from 1 to %u would be right", self->field->max);
}

static bool
read_field(Reader *self, uint64_t *bits)
{
    *bits = 0;
    for (;;) {
        unsigned low, high, step;
        bool stepped;

        if (!read_range(self, &low, &high, &stepped) ||
                !read_step(self, &step, stepped))
            return false;
        for (unsigned i = low; i <= high; i += step)
            *bits |= UINT64_C(1) << i;
        if (self->at >= self->end)
            return true;
        if (*self->at != ',')
            return refuse(self, "\"%c\" has no meaning here", *self->at);
        self->at++;
    }
}

/* Whether some month of the expression has one of its days: 31 2 never
 * comes. */
static bool
comes(const FulcraCron *self)
{
    static const unsigned lengths[] = { 0, 31, 29, 31, 30, 31, 30, 31, 31, 30,
        31, 30, 31 };

    if (self->weekdays_restricted && self->days_restricted)
        return true;
    for (unsigned month = 1; month <= 12; month++)
        if ((self->months >> month & 1u) != 0 &&
                (self->days & ((UINT64_C(2) << lengths[month]) - 1)) != 0)
            return true;
    return false;
}

static const char *
skip_space(const char *at)
{
    return at + strspn(at, " \t");
}

static bool
wrong_number(const char *what, GError **error)
{
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "%s; five would be right: minute, hour, day of the month, month, "
            "day of the week",
            what);
    return false;
}

static bool
read_fields(const char *text, const char *begins[N_FIELDS],
        uint64_t bits[N_FIELDS], size_t *at, GError **error)
{
    const char *here = skip_space(text);

    for (size_t i = 0; i < N_FIELDS; i++) {
        Reader reader = { &fields[i], here, here + strcspn(here, " \t"),
            error };

        *at = (size_t)(here - text);
        begins[i] = here;
        if (*here == '\0')
            return wrong_number("fields are missing", error);
        if (!read_field(&reader, &bits[i])) {
            *at = (size_t)(reader.at - text);
            return false;
        }
        here = skip_space(reader.end);
    }
    *at = (size_t)(here - text);
    return *here == '\0' || wrong_number("one field too many", error);
}

static bool
parse_fields(FulcraCron *self, const char *text, size_t *at, GError **error)
{
    const char *begins[N_FIELDS];
    uint64_t bits[N_FIELDS];

    if (!read_fields(text, begins, bits, at, error))
        return false;
    *self = (FulcraCron){
        .minutes = bits[MINUTE],
        .hours = (uint32_t)bits[HOUR],
        .days = (uint32_t)bits[DAY],
        .months = (uint32_t)bits[MONTH],
        .weekdays = (uint32_t)((bits[WEEKDAY] | bits[WEEKDAY] >> 7) & 0x7f),
        .days_restricted = *begins[DAY] != '*',
        .weekdays_restricted = *begins[WEEKDAY] != '*',
    };
    if (comes(self))
        return true;
    *at = (size_t)(begins[DAY] - text);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "this never comes: no month of the month field has such a day; "
            "a day up to %s would be right",
            (self->months & ~(1u << 2)) != 0 ? "30" : "29");
    return false;
}

bool
fulcra__cron_parse(
        FulcraCron *self, const char *text, size_t *at, GError **error)
{
    *at = 0;
    if (text[0] != '@')
        return parse_fields(self, text, at, error);
    for (size_t i = 0; i < G_N_ELEMENTS(nicknames); i++)
        if (strcmp(text, nicknames[i].name) == 0)
            return parse_fields(self, nicknames[i].means, at, error);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "no \"%s\"; @hourly, @daily, @weekly, @monthly and @yearly would "
            "be right",
            text);
    return false;
}
