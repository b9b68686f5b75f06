/* SPDX-License-Identifier: MIT */

/* coding.c - see coding.h */

#include "http/coding.h"

#include <fulcra-host/request.h>
#include <string.h>

/* The best first. */
static const char *const codings[] = { "br", "gzip" };

/* Of ";q=0.5" behind a coding; 1000 without one. */
static unsigned
read_weight(const char *parameters, const char *end)
{
    const char *q = parameters + strspn(parameters, " \t");

    if (q >= end || *q != ';')
        return 1000;
    q += 1 + strspn(q + 1, " \t");
    if (end - q < 2 || g_ascii_tolower(q[0]) != 'q' || q[1] != '=')
        return 1000;
    double weight = g_ascii_strtod(q + 2, NULL);
    return weight > 0 ? (unsigned)(MIN(weight, 1) * 1000) : 0;
}

static bool
is_coding(const char *name, size_t length, const char *coding)
{
    if (length > 2 && g_ascii_strncasecmp(name, "x-", 2) == 0) {
        name += 2; /* x-gzip is gzip */
        length -= 2;
    }
    return length == strlen(coding) &&
           g_ascii_strncasecmp(name, coding, length) == 0;
}

unsigned
fulcra__http_coding_quality(const char *accept, const char *coding)
{
    bool plain = strcmp(coding, "identity") == 0;
    int any = -1;

    while (accept != NULL && *(accept += strspn(accept, ", \t")) != '\0') {
        const char *end = accept + strcspn(accept, ",");
        size_t length = strcspn(accept, ",; \t");

        if (is_coding(accept, length, coding))
            return read_weight(accept + length, end);
        if (length == 1 && *accept == '*')
            any = (int)read_weight(accept + length, end);
        accept = end;
    }
    /* The plain form is always acceptable, though not loved, unless said. */
    return any >= 0 ? (unsigned)any : plain ? 1 : 0;
}

bool
fulcra__http_coding_varies(FulcraRepresentation *body)
{
    for (size_t i = 0; i < G_N_ELEMENTS(codings); i++)
        if (fulcra_host_representation_get_coding(body, codings[i]) != NULL)
            return true;
    return false;
}

FulcraRepresentation *
fulcra__http_coding_choose(
        FulcraRepresentation *body, const char *accept, const char **coding)
{
    FulcraRepresentation *best = body;
    unsigned least = MAX(fulcra__http_coding_quality(accept, "identity"), 1);

    *coding = NULL;
    for (size_t i = 0; accept != NULL && i < G_N_ELEMENTS(codings); i++) {
        FulcraRepresentation *form =
                fulcra_host_representation_get_coding(body, codings[i]);
        unsigned quality = fulcra__http_coding_quality(accept, codings[i]);

        /* of what is liked as much the coded form, and of those the first */
        if (form == NULL || quality < least + (*coding != NULL))
            continue;
        least = quality;
        best = form;
        *coding = codings[i];
    }
    return best;
}
