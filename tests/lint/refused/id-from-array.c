/* An array that was initialised with a literal is not a literal.
 * refused: expected .\)
 */
#include <fulcra/fulcra.h>

FulcraIdentifier *id_of_known(void);

FulcraIdentifier *
id_of_known(void)
{
    static const char known[] = "res:/known";

#ifdef CONTROL
    (void)known;
    return FULCRA_ID("res:/known");
#else
    return FULCRA_ID(known);
#endif
}
