/* What a module builds identifiers with is a literal too.
 * refused: expected .\)
 */
#include <fulcra/fulcra.h>

const FulcraGrammar *grammar_of(const char *text);

const FulcraGrammar *
grammar_of(const char *text)
{
#ifdef CONTROL
    return FULCRA_GRAMMAR("res:/users/{id}");
#else
    return FULCRA_GRAMMAR(text);
#endif
}
