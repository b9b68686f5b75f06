/* A text fills a slot as data; only an identifier makes a reference.
 * refused: error: .*incompatible pointer type
 */
#include <fulcra/fulcra.h>

FulcraSlot slot_of(const char *text);

FulcraSlot
slot_of(const char *text)
{
#ifdef CONTROL
    return fulcra_slot_text("operand", text);
#else
    return fulcra_slot_identifier("operand", (char *)text);
#endif
}
