using System.Text.RegularExpressions;
using CsCheck;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>The expressions of tokenizers: .NET's own engine is the truth where it can be,
/// Oniguruma's documented behaviour beyond.</summary>
[Trait("Tier", "fast")]
public sealed class UnicodeRegexTests
{
    private const string Common = "  \n\r\taB'stlL12٣é\u0301你.-½\u00A0\u0085Ⅻ_";

    private static readonly Gen<string> s_texts = Gen.OneOf(Gen.Int[0, Common.Length - 1].Select(i => Common[i]), Gen.Char['\0', '\u0FFF'])
        .Array[0, 30]
        .Select(characters => new string(characters).Replace('ſ', 's'));

    [Theory]
    [InlineData(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    [InlineData(@"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")]
    [InlineData(@"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t)?|\p{N}{1,3}|\s+")]
    [InlineData(@"(?:a|s+?t?|[^a-z])*?l|(\s{2,}|1{0,2}[.-])+")]
    [InlineData(@"(?>\s+)a|(?=1)\d\d|\P{L}{3}|\Aa|\n\z")]
    public void Matches_are_those_of_dotnet_on_the_basic_plane(string pattern)
    {
        var ours = new UnicodeRegex(pattern);
        var truth = new Regex(pattern, RegexOptions.CultureInvariant);
        s_texts.Sample(
            text => Assert.Equal(truth.Matches(text).Select(match => (match.Index, match.Index + match.Length)), ours.Matches(text)),
            iter: 3000,
            seed: "0000000000001"
        );
    }

    [Theory]
    [InlineData(
        @"[^\r\n\p{L}\p{N}]?+\p{L}++| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++",
        @"(?>[^\r\n\p{L}\p{N}]?)(?>\p{L}+)| ?(?>[^\s\p{L}\p{N}]+)(?>[\r\n]*)|(?>\s+)"
    )]
    [InlineData(@"(?:ab?)++c", @"(?>(?:ab?)+)c")]
    public void Possessive_counts_are_atomic_groups(string pattern, string atomic)
    {
        var ours = new UnicodeRegex(pattern);
        var truth = new Regex(atomic, RegexOptions.CultureInvariant);
        s_texts.Sample(
            text => Assert.Equal(truth.Matches(text).Select(match => (match.Index, match.Index + match.Length)), ours.Matches(text)),
            iter: 2000,
            seed: "0000000000001"
        );
    }

    [Theory]
    [InlineData(@"\p{L}+", "a𠀀𝓐b.", "a𠀀𝓐b")] // a letter beyond the basic plane is a letter
    [InlineData(@"\p{N}", "𝟙", "𝟙")]
    [InlineData(@"[^\s\p{L}\p{N}]+", "👍🏽x", "👍🏽")]
    [InlineData(@"[😀-😂]", "😁", "😁")]
    [InlineData(@"(?i:'s)", "'ſ", "'ſ")] // Unicode case folding
    [InlineData(@"(?i:k)", "\u212A", "\u212A")]
    [InlineData(@"\x41\u0042\x{1F600}", "AB😀", "AB😀")]
    [InlineData(@"[\p{^L}]", "a1", "1")]
    [InlineData(@"^b$", "a\nb\nc", "b")] // lines, as in Ruby
    public void Whole_characters_are_seen(string pattern, string text, string match)
    {
        var (start, end) = Assert.Single(new UnicodeRegex(pattern).Matches(text));
        Assert.Equal(match, text[start..end]);
    }

    /// <summary>What Oniguruma 6.9.10 leaves of a text when the matches are taken out.</summary>
    [Theory]
    [InlineData(@"\w", " \t-#❤")] // outside a class with the superscripts and fractions of Latin 1
    [InlineData(@"\W", "aB1²½_éª٣ⅷ你")]
    [InlineData(@"[\w]", "²½ \t-#❤")]
    [InlineData(@"[^\w]", "aB1_éª٣ⅷ你")]
    [InlineData(@"[\W]", "aB1_éª٣ⅷ你")]
    [InlineData(@"[[:word:]]", "²½ \t-#❤")]
    [InlineData(@"[^[:word:]]", "aB1_éª٣ⅷ你")]
    [InlineData(@"[[:space:]]", "aB1²½_-é#ª٣ⅷ❤你")]
    [InlineData(@"[[:space:]-]", "aB1²½_é#ª٣ⅷ❤你")]
    [InlineData(@"[[:^space:]b]", " \t")]
    [InlineData(@"[:space:]", "B1²½ \t_-é#ª٣ⅷ❤你")] // no bracket of POSIX, but the characters : s p a c e
    [InlineData(@"[[:punct:]]", "aB1²½ \téª٣ⅷ你")]
    [InlineData(@"\p{Punct}", "aB1²½ \téª٣ⅷ❤你")]
    [InlineData(@"\p{PosixPunct}", "aB1²½ \téª٣ⅷ你")]
    [InlineData(@"[[:blank:]]", "aB1²½_-é#ª٣ⅷ❤你")]
    [InlineData(@"[[:cntrl:]]", "aB1²½ _-é#ª٣ⅷ❤你")]
    [InlineData(@"[[:xdigit:]]", "²½ \t_-é#ª٣ⅷ❤你")]
    [InlineData(@"\h", "²½ \t_-é#ª٣ⅷ❤你")]
    [InlineData(@"\p{alpha}", "1²½ \t_-#٣❤")]
    [InlineData(@"\p{Alnum}", "²½ \t_-#❤")]
    [InlineData(@"\p{word}", " \t-#❤")]
    [InlineData(@"\p{White_Space}", "aB1²½_-é#ª٣ⅷ❤你")]
    [InlineData(@"\p{Any}", "")]
    [InlineData(@"\p{Letter}", "1²½ \t_-#٣ⅷ❤")]
    [InlineData(@"\p{Uppercase_Letter}", "a1²½ \t_-é#ª٣ⅷ❤你")]
    [InlineData(@"\p{LC}", "1²½ \t_-#ª٣ⅷ❤你")]
    [InlineData(@"\p{Extended_Pictographic}", "aB1²½ \t_-é#ª٣ⅷ你")]
    [InlineData(@"\p{extended pictographic}", "aB1²½ \t_-é#ª٣ⅷ你")]
    [InlineData(@"\P{Extended_Pictographic}", "❤")]
    [InlineData(@"[\p{Extended_Pictographic}a]", "B1²½ \t_-é#ª٣ⅷ你")]
    [InlineData(@"(?i:[[:upper:]])", "1²½ \t_-#ª٣❤你")]
    [InlineData(@"(?i:[[:lower:]])", "1²½ \t_-#٣❤你")]
    [InlineData(@"(?i:\p{Lu})", "a1²½ \t_-é#ª٣ⅷ❤你")] // case is folded in classes alone
    [InlineData(@"[a[b1]]", "B²½ \t_-é#ª٣ⅷ❤你")]
    [InlineData(@"[\w&&[^a]]", "a²½ \t-#❤")]
    public void Sets_are_those_of_oniguruma(string pattern, string left)
    {
        const string Text = "aB1²½ \t_-é#ª٣ⅷ❤你";
        var kept = new System.Text.StringBuilder(Text);
        foreach (var (start, end) in Enumerable.Reverse(new UnicodeRegex(pattern).Matches(Text)))
            kept.Remove(start, end - start);
        Assert.Equal(left, kept.ToString());
    }

    [Theory]
    [InlineData(@"(?<=a)b", "(?<=")]
    [InlineData(@"a{2}+", "{n,m}+")]
    [InlineData(@"\p{Han}", @"\p{Han}")]
    [InlineData(@"\bword", @"\b")]
    [InlineData(@"[[:foo:]]", "[:foo:]")]
    [InlineData(@"[[:Space:]]", "[:Space:]")]
    [InlineData(@"[a-[b]]", "end of a range")]
    [InlineData(@"[a[b]", "does not close")]
    [InlineData(@"(a", "does not close")]
    [InlineData(@"a)", "did not open")]
    [InlineData(@"*", "nothing before it")]
    [InlineData(@"(((((a{60}){60}){60}){60}){60})", "nested quantifiers")]
    public void What_is_not_supported_is_refused_by_name(string pattern, string named) =>
        Assert.Contains(named, Assert.Throws<FormatException>(() => new UnicodeRegex(pattern)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("(a|aa)+$!", "(a|aa)+", 60)]
    [InlineData("(a+)+b", "(a+)+", 60)]
    [InlineData("(?:a|b)*c", "(?:a|b)*", 1_000_000)]
    public void Pattern_that_backtracks_without_end_is_an_error_and_no_hang(string pattern, string named, int length)
    {
        var error = Assert.Throws<InvalidOperationException>(() => new UnicodeRegex(pattern).Matches(new string('a', length)).Count);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }
}
