namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>The part of Oniguruma's regular expressions that tokenizers use, over code points.</summary>
/// <remarks>
/// Not System.Text.RegularExpressions, because that one sees UTF-16 units (𠀀 is no letter to it, nor ③ beyond the basic plane a number),
/// knows no possessive quantifiers and folds case without ſ and K. What the parser does not know it refuses by name.
/// Work is bounded, so no pattern can hang. Immutable; thread-safe.
/// </remarks>
internal sealed class UnicodeRegex
{
    /// <summary>How GPT-2 cuts a text before its bytes are paired.</summary>
    internal static readonly UnicodeRegex Gpt2 = new(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+");

    private readonly string _pattern;
    private readonly RegexNode _start;

    /// <summary>Compiles a pattern.</summary>
    /// <exception cref="FormatException">It is malformed, or holds what is not supported; the message names that and its place.</exception>
    internal UnicodeRegex(string pattern)
    {
        _pattern = pattern;
        _start = new RegexParser(pattern).Parse();
    }

    /// <summary>The matches from left to right, none overlapping another.</summary>
    /// <exception cref="InvalidOperationException">The pattern backtracks without end.</exception>
    internal RegexMatches Find(ReadOnlySpan<char> text) => new(this, text);

    private int Match(ref RegexRun run, int at)
    {
        try
        {
            return _start.Match(ref run, at);
        }
        catch (InsufficientExecutionStackException e)
        {
            throw run.TooMuchWork(e);
        }
    }

    /// <summary>Enumerates the matches in a text without allocating.</summary>
    internal ref struct RegexMatches(UnicodeRegex regex, ReadOnlySpan<char> text)
    {
        private RegexRun _run = new(text, regex._pattern);
        private int _at;
        private int _last = -1;

        public (int Start, int End) Current { get; private set; }

        public readonly RegexMatches GetEnumerator() => this;

        public bool MoveNext()
        {
            while (_at <= _run.Text.Length)
            {
                int start = _at,
                    end = regex.Match(ref _run, start);
                bool found = end > start || end == start && start != _last;
                _at = end > start ? end : start + (start + 1 < _run.Text.Length && char.IsHighSurrogate(_run.Text[start]) ? 2 : 1);
                if (!found)
                    continue;
                (Current, _last) = ((start, end), end);
                return true;
            }

            return false;
        }
    }
}
