using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>The part of Oniguruma's regular expressions that tokenizers use, over code points.</summary>
/// <remarks>
/// Not System.Text.RegularExpressions, because that one sees UTF-16 units (𠀀 is no letter to it, nor ③ beyond the basic plane a number), knows no possessive quantifiers and folds
/// case without ſ and K. What the parser does not know it refuses by name. Work is bounded, so no pattern can hang. Immutable; thread-safe.
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
    internal IEnumerable<(int Start, int End)> Matches(string text)
    {
        var run = new RegexRun(text, _pattern);
        int last = -1;
        for (int at = 0; at <= text.Length;)
        {
            int end = Match(run, at);
            if (end > at || end == at && at != last)
            {
                yield return (at, end);
                last = end;
            }

            at = end > at ? end : at + (at < text.Length ? Rune.GetRuneAt(text, at).Utf16SequenceLength : 1);
        }
    }

    private int Match(RegexRun run, int at)
    {
        try
        {
            return _start.Match(run, at);
        }
        catch (InsufficientExecutionStackException e)
        {
            throw run.TooMuchWork(e);
        }
    }
}
