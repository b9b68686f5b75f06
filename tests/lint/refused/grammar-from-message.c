/* A message is not a grammar.
 * refused: expected .\)
 */
#include <fulcra/fulcra.h>

const FulcraGrammar *grammar_of(FulcraRepresentation *message);

const FulcraGrammar *
grammar_of(FulcraRepresentation *message)
{
#ifdef CONTROL
    return FULCRA_GRAMMAR("res:/users/{id}");
#else
    return FULCRA_GRAMMAR(fulcra_representation_get_text(message));
#endif
}
