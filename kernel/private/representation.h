/* SPDX-License-Identifier: MIT */
#pragma once

#include <fulcra/representation.h>

/** The answer of who has nothing to say: the same for all, never counted. */
FulcraRepresentation *fulcra__representation_none(void);

bool fulcra__representation_is_boxed(FulcraRepresentation *self);

/** Whether nobody could tell one from the other; boxed ones never are. */
bool fulcra__representation_equal(
        FulcraRepresentation *a, FulcraRepresentation *b);

/** Whether somebody who is shown one after the other sees no difference: type
 * and bytes, or the same JSON. */
bool fulcra__representation_looks_like(
        FulcraRepresentation *a, FulcraRepresentation *b);

/** The form of the interned @type that hangs on @self. (transfer none) */
FulcraRepresentation *fulcra__representation_find_derived(
        FulcraRepresentation *self, const char *type);

/** @form: (transfer full). Returns (transfer none) what hangs there in the
 * end: @form, or the one that another thread hung there first. */
FulcraRepresentation *fulcra__representation_hang(FulcraRepresentation *self,
        const char *type, FulcraRepresentation *form);
