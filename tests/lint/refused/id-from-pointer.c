/* A message is a char pointer, and no identifier is made of it.
 * refused: expected .\)
 */
#include <fulcra/fulcra.h>

FulcraIdentifier *id_of(const char *text);

FulcraIdentifier *
id_of(const char *text)
{
#ifdef CONTROL
    return FULCRA_ID("res:/known");
#else
    return FULCRA_ID(text);
#endif
}
