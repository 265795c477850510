using System.Globalization;
using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>A set of code points of a <see cref="UnicodeRegex"/>: ranges, general categories and white space, perhaps turned round.</summary>
internal sealed class RegexSet
{
    private static readonly Dictionary<string, uint> s_categories = Categories();
    private readonly List<(int First, int Last)> _ranges = [];
    private readonly List<RegexSet> _parts = [];
    private readonly bool[] _ascii = new bool[128];
    private uint _mask;
    private bool _space;
    private bool _word;
    private bool _negated;
    private bool _ignoreCase;

    internal static RegexSet Of(int codePoint, bool ignoreCase)
    {
        var set = new RegexSet();
        set.Add(codePoint, codePoint);
        return set.Seal(negated: false, ignoreCase);
    }

    /// <summary>The set of an escape such as <c>\s</c>; null when the letter names none.</summary>
    internal static RegexSet? Of(char escape)
    {
        var set = new RegexSet();
        switch (char.ToLowerInvariant(escape))
        {
            case 's': set._space = true; break;
            case 'd': set._mask = s_categories["Nd"]; break;
            case 'w': set._word = true; break;
            default: return null;
        }

        return set.Seal(negated: char.IsUpper(escape), ignoreCase: false);
    }

    /// <summary>Any character but the line feed, which is what a dot means.</summary>
    internal static RegexSet Dot()
    {
        var set = new RegexSet();
        set.Add('\n', '\n');
        return set.Seal(negated: true, ignoreCase: false);
    }

    /// <summary>The set of a general category such as <c>L</c> or <c>Lu</c>; null when there is none of that name.</summary>
    internal static RegexSet? Property(string name, bool negated) =>
        s_categories.TryGetValue(name, out uint mask) ? new RegexSet { _mask = mask }.Seal(negated, ignoreCase: false) : null;

    internal void Add(int first, int last) => _ranges.Add((first, last));

    internal void Add(RegexSet part) => _parts.Add(part);

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

        return (_mask >> (int)Rune.GetUnicodeCategory(rune) & 1) != 0 || _space && Rune.IsWhiteSpace(rune) || _word && CharacterClass.IsWord(rune);
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

    private static Dictionary<string, uint> Categories()
    {
        string[] names = ["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Cn"];
        var masks = new Dictionary<string, uint>(StringComparer.Ordinal);
        for (int i = 0; i < names.Length; i++)
        {
            masks[names[i]] = 1u << (int)Enum.Parse<UnicodeCategory>(i.ToString(CultureInfo.InvariantCulture));
            masks[names[i][..1]] = masks.GetValueOrDefault(names[i][..1]) | masks[names[i]];
        }

        return masks;
    }
}
