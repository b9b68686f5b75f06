/* A representation is not an identifier and makes none.
 * refused: expected .\)
 */
#include <fulcra/fulcra.h>

FulcraIdentifier *id_of(FulcraRepresentation *message);

FulcraIdentifier *
id_of(FulcraRepresentation *message)
{
#ifdef CONTROL
    return FULCRA_ID("res:/known");
#else
    return FULCRA_ID(message);
#endif
}
