/* SPDX-License-Identifier: MIT */

/*
 * error.c - the error domain, and what an error carries beside its message
 *
 * The stack of requests, the trace of a resolution and the code of a refusal
 * are private data of the
 * GError (an "extended error"), so that they travel wherever it is copied or
 * propagated without anybody having to know of them.
 */

#include "private/error.h"
#include <fulcra-host/request.h>

typedef struct {
    char *stack;
    char *trace;
    char *refusal;
} FulcraErrorPrivate;

static void
fulcra_error_private_init(FulcraErrorPrivate *self)
{
    self->stack = NULL;
    self->trace = NULL;
    self->refusal = NULL;
}

static void
fulcra_error_private_copy(
        const FulcraErrorPrivate *from, FulcraErrorPrivate *to)
{
    to->stack = g_strdup(from->stack);
    to->trace = g_strdup(from->trace);
    to->refusal = g_strdup(from->refusal);
}

static void
fulcra_error_private_clear(FulcraErrorPrivate *self)
{
    g_free(self->stack);
    g_free(self->trace);
    g_free(self->refusal);
}

G_DEFINE_EXTENDED_ERROR(FulcraError, fulcra_error)

static FulcraErrorPrivate *
error_private(const GError *error)
{
    if (error == NULL || error->domain != FULCRA_ERROR)
        return NULL;
    return fulcra_error_get_private(error);
}

const char *
fulcra_error_id(FulcraErrorCode code)
{
    static const char *const ids[] = {
#define X(enumerator, id) id,
        FULCRA_ERROR_TABLE(X)
#undef X
    };

    g_return_val_if_fail((unsigned)code < G_N_ELEMENTS(ids), "failed");
    return ids[code];
}

const char *
fulcra_error_get_stack(const GError *error)
{
    FulcraErrorPrivate *private = error_private(error);

    return private == NULL ? NULL : private->stack;
}

const char *
fulcra_error_get_trace(const GError *error)
{
    FulcraErrorPrivate *private = error_private(error);

    return private == NULL ? NULL : private->trace;
}

FulcraRepresentation *
fulcra_error_refuse(GError **error, const char *code, const char *format, ...)
{
    va_list arguments;

    g_return_val_if_fail(code != NULL && format != NULL, NULL);

    va_start(arguments, format);
    GError *refused = g_error_new_valist(
            FULCRA_ERROR, FULCRA_ERROR_FORBIDDEN, format, arguments);
    va_end(arguments);
    fulcra_error_get_private(refused)->refusal = g_strdup(code);
    g_propagate_error(error, refused);
    return NULL;
}

const char *
fulcra_error_get_refusal(const GError *error)
{
    FulcraErrorPrivate *private = error_private(error);

    return private == NULL ? NULL : private->refusal;
}

GError *
fulcra__error_adopt(GError *error)
{
    if (error->domain == FULCRA_ERROR)
        return error;

    GError *adopted = g_error_new_literal(
            FULCRA_ERROR, FULCRA_ERROR_FAILED, error->message);
    g_error_free(error);
    return adopted;
}

void
fulcra__error_push(GError *error, const char *line)
{
    FulcraErrorPrivate *private = error_private(error);

    g_assert(private != NULL);
    if (private->stack == NULL) {
        private->stack = g_strdup(line);
        return;
    }
    char *longer = g_strconcat(private->stack, "\n", line, NULL);
    g_free(private->stack);
    private->stack = longer;
}

void
fulcra__error_take_trace(GError *error, char *trace)
{
    FulcraErrorPrivate *private = error_private(error);

    g_assert(private != NULL);
    g_free(private->trace);
    private->trace = trace;
}

void
fulcra_host_error_set_trace(GError *error, const char *trace)
{
    g_return_if_fail(error != NULL && error->domain == FULCRA_ERROR);
    fulcra__error_take_trace(error, g_strdup(trace));
}

unsigned
fulcra_host_error_get_status(const GError *error)
{
    static const unsigned status[FULCRA_N_ERRORS] = {
        [FULCRA_ERROR_UNRESOLVED] = 404,
        [FULCRA_ERROR_BAD_ARGUMENT] = 400,
        [FULCRA_ERROR_FORBIDDEN] = 403,
        [FULCRA_ERROR_NOT_FOUND] = 404,
        [FULCRA_ERROR_TIMEOUT] = 504,
        [FULCRA_ERROR_OVERLOADED] = 503,
        [FULCRA_ERROR_TOO_LARGE] = 413,
        [FULCRA_ERROR_GONE] = 410,
        [FULCRA_ERROR_CANCELLED] = 503,
        [FULCRA_ERROR_MODULE] = 500,
        [FULCRA_ERROR_FAILED] = 500,
    };

    if (error == NULL || error->domain != FULCRA_ERROR || error->code < 0 ||
            error->code >= FULCRA_N_ERRORS)
        return 500;
    return status[error->code];
}
