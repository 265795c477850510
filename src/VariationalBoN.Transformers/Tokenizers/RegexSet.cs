using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>A set of code points of a <see cref="UnicodeRegex"/>: ranges, properties and other sets, perhaps turned round.</summary>
internal sealed class RegexSet
{
    private readonly List<(int First, int Last)> _ranges = [];
    private readonly List<RegexSet> _parts = [];
    private readonly bool[] _ascii = new bool[128];
    private readonly List<RegexSet> _all = []; // besides, each of these must hold
    private Func<Rune, bool>? _kind;
    private bool _negated;
    private bool _ignoreCase;

    internal static RegexSet Of(int codePoint, bool ignoreCase)
    {
        var set = new RegexSet();
        set.Add(codePoint, codePoint);
        return set.Seal(negated: false, ignoreCase);
    }

    /// <summary>The set of an escape such as <c>\s</c>; null when the letter names none.</summary>
    /// <param name="escape">The letter.</param>
    /// <param name="inClass">Whether it stands in square brackets,
    /// where <c>\w</c> leaves out the superscripts and fractions of Latin 1.</param>
    internal static RegexSet? Of(char escape, bool inClass) =>
        RegexProperty.Of(char.ToLowerInvariant(escape), inClass) is Func<Rune, bool> kind ? Of(kind, negated: char.IsUpper(escape)) : null;

    internal static RegexSet Of(Func<Rune, bool> kind, bool negated) => new RegexSet { _kind = kind }.Seal(negated, ignoreCase: false);

    /// <summary>Any character but the line feed, which is what a dot means.</summary>
    internal static RegexSet Dot()
    {
        var set = new RegexSet();
        set.Add('\n', '\n');
        return set.Seal(negated: true, ignoreCase: false);
    }

    internal void Add(int first, int last) => _ranges.Add((first, last));

    internal void Add(RegexSet part) => _parts.Add(part);

    /// <summary>Keeps of this set, which has nothing of its own, what is in all of some.</summary>
    internal void AddCommon(IEnumerable<RegexSet> sets) => _all.AddRange(sets);

    internal RegexSet Seal(bool negated, bool ignoreCase)
    {
        (_negated, _ignoreCase) = (negated, ignoreCase);
        for (int i = 0; i < _ascii.Length; i++)
            _ascii[i] = Decide(new Rune(i));
        return this;
    }

    internal bool Contains(Rune rune) => rune.Value < 128 ? _ascii[rune.Value] : Decide(rune);

    private bool Decide(Rune rune) => (Holds(rune) || _ignoreCase && CaseVariants(rune).Any(Holds)) != _negated;

    private bool Holds(Rune rune)
    {
        foreach (var (first, last) in _ranges)
        {
            if (rune.Value >= first && rune.Value <= last)
                return true;
        }

        foreach (var part in _parts)
        {
            if (part.Contains(rune))
                return true;
        }

        return _kind is not null && _kind(rune) || _all.Count > 0 && _all.TrueForAll(set => set.Contains(rune));
    }

    /// <summary>Case folding of single characters, with the two of ASCII that fold from outside it.</summary>
    private static IEnumerable<Rune> CaseVariants(Rune rune)
    {
        yield return Rune.ToLowerInvariant(rune);
        yield return Rune.ToUpperInvariant(rune);
        if (rune.Value is 'ſ' or 's' or 'S')
            yield return new Rune(rune.Value == 'ſ' ? 's' : 'ſ');
        if (rune.Value == 'ſ')
            yield return new Rune('S');
        if (rune.Value is '\u212A' or 'k' or 'K')
            yield return new Rune(rune.Value == '\u212A' ? 'k' : '\u212A');
        if (rune.Value == '\u212A')
            yield return new Rune('K');
    }
}
