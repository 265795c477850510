using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Cuts a text at tokens: from left to right, of those that begin at one place the longest.</summary>
internal sealed class TokenMatcher
{
    private readonly Dictionary<char, (string Text, int Id, AddedToken Token)[]> _byFirst;

    internal TokenMatcher(IEnumerable<(string Text, int Id, AddedToken Token)> tokens) => _byFirst = tokens.Where(token => token.Text.Length > 0)
        .GroupBy(token => token.Text[0]).ToDictionary(group => group.Key, group => group.OrderByDescending(token => token.Text.Length).ToArray());

    /// <summary>The parts of a text in order; those with an id of -1 are text.</summary>
    internal IEnumerable<(int Start, int End, int Id)> Split(string text)
    {
        int last = 0;
        for (int at = 0; at < text.Length;)
        {
            if (!_byFirst.TryGetValue(text[at], out var candidates) || Array.FindIndex(candidates, token => string.CompareOrdinal(text, at, token.Text, 0, token.Text.Length) == 0) is var found && found < 0)
            {
                at++;
                continue;
            }

            var (content, id, token) = candidates[found];
            (int start, int end) = (at, at + content.Length);
            at = end;
            if (token.SingleWord && (WordBefore(text, start) || WordAfter(text, end)))
                continue;
            while (token.LeftStrip && start > last && char.IsWhiteSpace(text[start - 1]))
                start--;
            while (token.RightStrip && end < text.Length && char.IsWhiteSpace(text[end]))
                end++;
            if (start > last)
                yield return (last, start, -1);
            yield return (start, end, id);
            last = end;
        }

        if (last < text.Length)
            yield return (last, text.Length, -1);
    }

    private static bool WordBefore(string text, int at) => at > 0
        && CharacterClass.IsWord(Rune.GetRuneAt(text, at > 1 && char.IsLowSurrogate(text[at - 1]) ? at - 2 : at - 1));

    private static bool WordAfter(string text, int at) => at < text.Length && CharacterClass.IsWord(Rune.GetRuneAt(text, at));
}
