using System.Buffers;
using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Cuts a text at tokens: from left to right, of those that begin at one place the longest.</summary>
/// <remarks>A trie, so that the time does not grow with the number of tokens,
/// and the vectorised search for a character that begins one. Immutable; thread-safe.</remarks>
internal sealed class TokenMatcher
{
    private readonly Dictionary<ulong, int> _children = []; // of a node (high half) and a character the next node
    private readonly List<int> _tokenAt = [-1]; // of a node the index of the token that ends there
    private readonly List<(int Id, AddedToken Token)> _tokens = [];
    private readonly SearchValues<char> _first;

    internal TokenMatcher(IEnumerable<(string Text, int Id, AddedToken Token)> tokens)
    {
        var first = new HashSet<char>();
        foreach (var (text, id, token) in tokens)
        {
            if (text.Length == 0)
                continue;
            first.Add(text[0]);
            int node = 0;
            foreach (char c in text)
            {
                if (!_children.TryGetValue(Key(node, c), out int child))
                {
                    _children[Key(node, c)] = child = _tokenAt.Count;
                    _tokenAt.Add(-1);
                }

                node = child;
            }

            if (_tokenAt[node] >= 0)
                continue; // two texts may be one once they are normalised
            _tokenAt[node] = _tokens.Count;
            _tokens.Add((id, token));
        }

        _first = SearchValues.Create([.. first]);
    }

    /// <summary>The parts of a text in order; those with an id of -1 are text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="plain">Where special tokens are text, even if one only touches it; null for nowhere.</param>
    internal IEnumerable<(int Start, int End, int Id)> Split(string text, TextRanges? plain = null)
    {
        int last = 0;
        for (int at = Next(text, 0); at < text.Length; )
        {
            if (Longest(text, at, plain) is not (int end, int index))
            {
                at = Next(text, at + 1);
                continue;
            }

            (int start, (int id, AddedToken token)) = (at, _tokens[index]);
            at = Next(text, end);
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

    private static ulong Key(int node, char c) => ((ulong)node << 16) | c;

    /// <summary>The next place from here on where a token may begin.</summary>
    private int Next(string text, int from) => text.AsSpan(from).IndexOfAny(_first) is >= 0 and var ahead ? from + ahead : text.Length;

    private (int End, int Token)? Longest(string text, int at, TextRanges? plain)
    {
        (int End, int Token)? found = null;
        int node = 0,
            start = at;
        while (at < text.Length && _children.TryGetValue(Key(node, text[at]), out node))
        {
            at++;
            if (
                _tokenAt[node] is >= 0 and var token
                && !(plain is not null && (_tokens[token].Token.Special || plain.Holds(_tokens[token].Id)) && plain.Touch(start, at))
            )
                found = (at, token);
        }

        return found;
    }

    private static bool WordBefore(string text, int at) =>
        at > 0 && CharacterClass.IsWord(Rune.GetRuneAt(text, at > 1 && char.IsLowSurrogate(text[at - 1]) ? at - 2 : at - 1));

    private static bool WordAfter(string text, int at) => at < text.Length && CharacterClass.IsWord(Rune.GetRuneAt(text, at));
}
