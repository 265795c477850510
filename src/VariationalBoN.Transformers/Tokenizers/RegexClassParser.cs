using System.Globalization;
using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Reads a class in square brackets, and the escapes that stand in and outside of one.</summary>
internal sealed class RegexClassParser(string pattern, int start)
{
    private int _at = start + 1;

    internal RegexSet Parse(bool ignoreCase, out int end) => Parse(ignoreCase, 1, out end);

    private RegexSet Parse(bool ignoreCase, int depth, out int end)
    {
        if (depth > 20)
            throw Fault(pattern, _at, "classes nested too deeply");
        RegexSet set = new(),
            whole = new();
        var common = new List<RegexSet>();
        bool negated = _at < pattern.Length && pattern[_at] == '^';
        _at += negated ? 1 : 0;
        bool first = true;
        while (true)
        {
            if (_at >= pattern.Length)
                throw Fault(pattern, _at, "a class that does not close");
            if (pattern[_at] == ']' && !first)
                break;
            if (pattern[_at] == ']')
                throw Fault(pattern, _at, "']' within a class");
            first = false;
            if (pattern[_at] == '[')
            {
                set.Add(Bracket(depth));
                continue;
            }

            if (string.CompareOrdinal(pattern, _at, "&&", 0, 2) == 0)
            {
                _at += 2;
                common.Add(set.Seal(negated: false, ignoreCase: false));
                set = new RegexSet();
                continue;
            }

            (RegexSet? part, int low) = Atom(pattern, ref _at, inClass: true);
            if (part is not null)
                set.Add(part);
            else if (_at + 1 < pattern.Length && pattern[_at] == '-' && pattern[_at + 1] != ']')
                AddRange(set, low);
            else
                set.Add(low, low);
        }

        end = ++_at;
        if (common.Count == 0)
            return set.Seal(negated, ignoreCase);
        whole.AddCommon([.. common, set.Seal(negated: false, ignoreCase: false)]);
        return whole.Seal(negated, ignoreCase);
    }

    /// <summary>What a bracket begins within a class: a set of POSIX such as <c>[:space:]</c>, or another class.</summary>
    private RegexSet Bracket(int depth)
    {
        int close = pattern.AsSpan(_at).StartsWith("[:") ? pattern.IndexOf(":]", _at + 2, StringComparison.Ordinal) : -1;
        string name = close < 0 ? "" : pattern[(_at + 2)..close];
        bool negated = name.StartsWith('^');
        if (name.Length == 0 || !name.Skip(negated ? 1 : 0).All(char.IsAsciiLetter))
        {
            _at++;
            return Parse(ignoreCase: false, depth + 1, out _);
        }

        _at = close + 2;
        return RegexProperty.Posix(negated ? name[1..] : name) is Func<Rune, bool> kind
            ? RegexSet.Of(kind, negated)
            : throw Fault(pattern, close, $"the set [:{name}:]");
    }

    /// <summary>One character or an escape that stands for a set.</summary>
    internal static (RegexSet? Set, int CodePoint) Atom(string pattern, ref int at, bool inClass)
    {
        if (pattern[at] != '\\')
        {
            if (!Rune.TryGetRuneAt(pattern, at, out var rune))
                throw Fault(pattern, at, "half of a surrogate pair");
            at += rune.Utf16SequenceLength;
            return (null, rune.Value);
        }

        if (at + 1 >= pattern.Length)
            throw Fault(pattern, at, "a '\\' at the end");
        char c = pattern[at + 1];
        at += 2;
        if (c is 'p' or 'P')
            return (Property(pattern, ref at, c == 'P', inClass), 0);
        if (RegexSet.Of(c, inClass) is RegexSet set)
            return (set, 0);
        return (
            null,
            c switch
            {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'f' => '\f',
                'v' => '\v',
                'x' when at < pattern.Length && pattern[at] == '{' => Hexadecimal(
                    pattern,
                    ref at,
                    pattern.IndexOf('}', at) - at - 1,
                    brace: true
                ),
                'x' => Hexadecimal(pattern, ref at, 2, brace: false),
                'u' => Hexadecimal(pattern, ref at, 4, brace: false),
                _ when !char.IsAsciiLetterOrDigit(c) && !char.IsSurrogate(c) => c,
                _ => throw Fault(pattern, at - 2, $"'\\{c}'"),
            }
        );
    }

    private static RegexSet Property(string pattern, ref int at, bool negated, bool inClass)
    {
        int close = at < pattern.Length && pattern[at] == '{' ? pattern.IndexOf('}', at) : -1;
        if (close < 0)
            throw Fault(pattern, at, "'\\p' without a name in braces");
        string name = pattern[(at + 1)..close];
        at = close + 1;
        bool turned = name.StartsWith('^');
        return RegexProperty.Of(turned ? name[1..] : name, inClass) is Func<Rune, bool> kind
            ? RegexSet.Of(kind, negated != turned)
            : throw Fault(pattern, close, $"the property \\p{{{name}}}");
    }

    private static int Hexadecimal(string pattern, ref int at, int digits, bool brace)
    {
        int first = at + (brace ? 1 : 0);
        if (
            digits is < 1 or > 8
            || first + digits > pattern.Length
            || !int.TryParse(pattern.AsSpan(first, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int value)
            || !Rune.IsValid(value)
        )
            throw Fault(pattern, at, "a malformed code point");
        at = first + digits + (brace ? 1 : 0);
        return value;
    }

    private static FormatException Fault(string pattern, int at, string what) =>
        new($"the pattern {pattern} has, near character {at}, {what} that is malformed or not supported");

    private void AddRange(RegexSet set, int low)
    {
        _at++;
        if (pattern[_at] == '[')
            throw Fault(pattern, _at, "a class as the end of a range");
        (RegexSet? part, int high) = Atom(pattern, ref _at, inClass: true);
        if (part is not null || high < low)
            throw Fault(pattern, _at, "a range that ends before it starts");
        set.Add(low, high);
    }
}
