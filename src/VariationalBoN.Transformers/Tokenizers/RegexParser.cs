using System.Globalization;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Reads a pattern into nodes: first what stands there, then,
/// from the end to the start, the nodes that know what follows.</summary>
internal sealed class RegexParser(string pattern)
{
    private const int LongestUnrolling = 64; // rounds of a group with a count; sets are counted without this
    private const int MostNodes = 20_000; // counts within counts multiply
    private int _at;
    private int _depth;
    private int _nodes;

    private delegate RegexNode Part(RegexNode next);

    internal RegexNode Parse()
    {
        Part all = Alternatives(ignoreCase: false);
        return _at == pattern.Length ? all(new RegexAccept()) : throw Fault("a bracket closes that did not open");
    }

    private Part Alternatives(bool ignoreCase)
    {
        if (++_depth > 50)
            throw Fault("groups are nested too deeply");
        List<Part> ways = [Sequence(ignoreCase)];
        while (Take("|"))
            ways.Add(Sequence(ignoreCase));
        _depth--;
        return ways.Count == 1 ? ways[0] : next => Count(new RegexChoice([.. ways.Select(way => way(next))]));
    }

    private Part Sequence(bool ignoreCase)
    {
        List<Part> parts = [];
        while (_at < pattern.Length && pattern[_at] is not ('|' or ')'))
            parts.Add(Quantified(ignoreCase));
        return next =>
        {
            for (int i = parts.Count - 1; i >= 0; i--)
                next = parts[i](next);
            return next;
        };
    }

    private Part Quantified(bool ignoreCase)
    {
        int start = _at;
        RegexSet? set = Set(ignoreCase);
        Part? group = set is null ? Group(ignoreCase) : null;
        (int least, int most, bool counted) = Bounds();
        if ((least, most, counted) == (1, 1, false))
            return set is null ? group! : next => Count(new RegexRepeat(set, 1, 1, RegexGreed.Possessive, next));
        if (
            set is null && pattern[start] is '^' or '$'
            || pattern.AsSpan(start).StartsWith("(?=")
            || pattern.AsSpan(start).StartsWith("(?!")
        )
            throw Fault("a quantifier on something that matches no character");
        var greed =
            Take("?") ? RegexGreed.Lazy
            : _at < pattern.Length && pattern[_at] == '+' ? RegexGreed.Possessive
            : RegexGreed.Greedy;
        if (greed == RegexGreed.Possessive && counted || greed == RegexGreed.Lazy && counted && least == most)
            throw Fault("'{n,m}+' and '{n}?', which engines read differently,");
        if (greed == RegexGreed.Possessive)
            _at++;
        if (_at < pattern.Length && pattern[_at] is '*' or '+' or '?' or '{')
            throw Fault("a quantifier on a quantifier");
        if (set is not null)
            return next => Count(new RegexRepeat(set, least, most, greed, next));
        if (least > LongestUnrolling || most != int.MaxValue && most > LongestUnrolling)
            throw Fault($"a group repeated more than {LongestUnrolling} times");
        Part repeated = next => Repeated(group!, least, most, greed == RegexGreed.Lazy, next);
        return greed != RegexGreed.Possessive
            ? repeated
            : next => Count(new RegexAtomic(repeated(new RegexAccept()), next, look: false, negative: false));
    }

    private RegexNode Repeated(Part group, int least, int most, bool lazy, RegexNode next)
    {
        RegexNode node = next;
        if (most == int.MaxValue)
        {
            var loop = new RegexLoop(lazy, next);
            loop.Body = group(loop);
            node = Count(loop);
        }
        else
        {
            for (int i = least; i < most; i++)
                node = Count(lazy ? new RegexChoice([next, group(node)]) : new RegexChoice([group(node), next]));
        }

        for (int i = 0; i < least; i++)
            node = Count(group(node)); // counted although it may be no new node: empty groups with counts multiply too
        return node;
    }

    /// <summary>A set of characters, or null when something else begins here.</summary>
    private RegexSet? Set(bool ignoreCase)
    {
        char c = pattern[_at];
        if (c is '(' or '^' or '$' || c == '\\' && _at + 1 < pattern.Length && pattern[_at + 1] is 'A' or 'z')
            return null;
        if (c is '*' or '+' or '?')
            throw Fault("a quantifier with nothing before it");
        if (c == '{')
            throw Fault("an unescaped '{'");
        if (c == '[')
            return new RegexClassParser(pattern, _at).Parse(ignoreCase, out _at);
        if (c == '.')
        {
            _at++;
            return RegexSet.Dot();
        }

        return RegexClassParser.Atom(pattern, ref _at, inClass: false) is var (set, point) && set is not null
            ? set
            : RegexSet.Of(point, ignoreCase);
    }

    private Part Group(bool ignoreCase)
    {
        if (Take("^"))
            return next => Count(new RegexAnchor(start: true, line: true, next));
        if (Take("$"))
            return next => Count(new RegexAnchor(start: false, line: true, next));
        if (Take("\\A"))
            return next => Count(new RegexAnchor(start: true, line: false, next));
        if (Take("\\z"))
            return next => Count(new RegexAnchor(start: false, line: false, next));
        if (Take("(?!"))
            return Inside(ignoreCase, body => next => Count(new RegexAtomic(body(new RegexAccept()), next, look: true, negative: true)));
        if (Take("(?="))
            return Inside(ignoreCase, body => next => Count(new RegexAtomic(body(new RegexAccept()), next, look: true, negative: false)));
        if (Take("(?>"))
            return Inside(ignoreCase, body => next => Count(new RegexAtomic(body(new RegexAccept()), next, look: false, negative: false)));
        if (Take("(?i:"))
            return Inside(true, body => body);
        if (Take("(?:"))
            return Inside(ignoreCase, body => body);
        if (pattern.AsSpan(_at).StartsWith("(?"))
            throw Fault($"'{pattern.AsSpan(_at, Math.Min(4, pattern.Length - _at))}'");
        _at++;
        return Inside(ignoreCase, body => body); // what a group captured is never asked for
    }

    private Part Inside(bool ignoreCase, Func<Part, Part> made)
    {
        Part body = Alternatives(ignoreCase);
        return Take(")") ? made(body) : throw Fault("a bracket does not close");
    }

    private (int Least, int Most, bool Counted) Bounds()
    {
        if (Take("*"))
            return (0, int.MaxValue, false);
        if (Take("+"))
            return (1, int.MaxValue, false);
        if (Take("?"))
            return (0, 1, false);
        if (_at >= pattern.Length || pattern[_at] != '{')
            return (1, 1, false);
        int close = pattern.IndexOf('}', _at);
        string[] parts = close < 0 ? [] : pattern[(_at + 1)..close].Split(',');
        if (parts.Length is < 1 or > 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int least))
            throw Fault("a malformed '{'");
        int most = least;
        if (parts.Length == 2 && parts[1].Length == 0)
            most = int.MaxValue;
        else if (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out most) || most < least)
            throw Fault("a malformed '{'");
        _at = close + 1;
        return (least, most, true);
    }

    private bool Take(string text)
    {
        bool found = string.CompareOrdinal(pattern, _at, text, 0, text.Length) == 0;
        _at += found ? text.Length : 0;
        return found;
    }

    private RegexNode Count(RegexNode node) => ++_nodes <= MostNodes ? node : throw Fault("nested quantifiers of this size");

    private FormatException Fault(string what) =>
        new($"the pattern {pattern} has, near character {_at}, {what} that is malformed or not supported");
}
