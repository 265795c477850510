using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using VariationalBoN.Transformers.Tokenizers;

namespace VariationalBoN.Tests.Transformers.Tokenizers;

/// <summary>Every code point from 1 on, against digests of what Hugging Face's tokenizers 0.22.2 makes of it;
/// texts of one character, in order, one a line.</summary>
[Trait("Tier", "fast")]
public sealed class UnicodeConformanceTests
{
    private static readonly Rune[] s_runes = [.. Enumerable.Range(1, 0x10FFFF).Where(Rune.IsValid).Select(c => new Rune(c))];

    [Theory]
    [InlineData("""{"type":"NFC"}""", "", "", "059c1b96b5ba27fb")]
    [InlineData("""{"type":"NFD"}""", "", "", "21e08595c91440cb")]
    [InlineData("""{"type":"NFKC"}""", "", "", "e9eb1dc9c128ce34")]
    [InlineData("""{"type":"NFKD"}""", "", "", "2d7de6acea159fbc")]
    [InlineData("""{"type":"NFD"}""", "a", "\u0323", "b6d86ec4d31ada02")] // what is put in order round a mark below
    [InlineData("""{"type":"NFD"}""", "a\u0301", "", "365ab189f095b897")]
    [InlineData("""{"type":"Lowercase"}""", "", "", "b72611229b0833e7")]
    [InlineData("""{"type":"StripAccents"}""", "", "", "92b6745cb0db720d")]
    [InlineData("""{"type":"Strip","strip_left":true,"strip_right":true}""", "", "", "087b464a2fd94bfb")]
    [InlineData(
        """{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}""",
        "a",
        "a",
        "2423a82136e5d920"
    )]
    [InlineData(
        """{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":false,"lowercase":false}""",
        "a",
        "a",
        "b0e0e54a43afb5c8"
    )]
    public void Normalizers_are_those_of_the_original(string normalizer, string before, string after, string digest)
    {
        var made = NormalizerReader.Read(JsonSection.Parse("memory", Encoding.UTF8.GetBytes(normalizer)), TokenizerSettings.None)!;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < s_runes.Length; i++)
            hash.AppendData(Encoding.UTF8.GetBytes((i == 0 ? "" : "\n") + made(before + s_runes[i] + after)));
        Assert.Equal(digest, Convert.ToHexStringLower(hash.GetHashAndReset())[..16]);
    }

    [Theory]
    [InlineData(@"\p{Lu}", "b43e0d0b9c44d153")]
    [InlineData(@"\p{Cn}", "43a9492245f8e3a0")]
    [InlineData(@"\s", "35c7797dced9ab0f")]
    [InlineData(@"\w", "1b56228c6f22bdff")]
    [InlineData(@"\d", "80546c96444c18ca")]
    [InlineData(@"[[:alpha:]]", "25553fc448b31a53")]
    [InlineData(@"[[:alnum:]]", "2a0f908754ed3aee")]
    [InlineData(@"[[:punct:]]", "749d16447dd96418")]
    [InlineData(@"[[:graph:]]", "ac7705ba118c11e5")]
    [InlineData(@"[[:print:]]", "992fcf28c02919c6")]
    [InlineData(@"[[:upper:]]", "d6fff50301700ee0")]
    [InlineData(@"[[:lower:]]", "9a45ac2b06f40b71")]
    [InlineData(@"[[:word:]]", "d49df4798090beb3")]
    [InlineData(@"[[:blank:]]", "f20ac4492c096aa8")]
    [InlineData(@"\p{Extended_Pictographic}", "dd2128d72ab0d559")]
    public void Sets_of_expressions_are_those_of_the_original(string pattern, string digest)
    {
        var regex = new UnicodeRegex(pattern);
        Assert.Equal(digest, Digest(s_runes.Where(rune => regex.Matches(rune.ToString()).Count > 0)));
    }

    [Fact]
    public void General_categories_of_expressions_are_those_of_the_original()
    {
        string[] names = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Zs Zl Zp Cc Cf Co Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Cn".Split(' ');
        string digests = string.Join(
            '|',
            names.Select(name => RegexProperty.Of(name, inClass: false)!).Select(kind => Digest(s_runes.Where(kind)))
        );
        Assert.Equal("f73ff9df16f355ba", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(digests)))[..16]);
    }

    [Fact]
    public void Characters_that_pre_tokenizers_cut_at_are_those_of_the_original()
    {
        var others = s_runes.Where(rune => rune.Value != 'a').ToList();
        Assert.Equal("812d451bd1bd7ac6", Digest(others.Where(CharacterClass.IsWord)));
        Assert.Equal("126e930424acec91", Digest(others.Where(rune => !CharacterClass.IsWord(rune) && !Rune.IsWhiteSpace(rune))));
        Assert.Equal("f6727ff006f04613", Digest(others.Where(CharacterClass.IsPunctuation)));
        Assert.Equal("71b16f69d7047d38", Digest(others.Where(CharacterClass.IsNumber)));
    }

    /// <summary>The values of the public reports.</summary>
    [Fact]
    public void New_characters_are_what_they_were_to_the_original()
    {
        const string Bert =
            """{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100,"vocab":{"[UNK]":0,"a":1,"##a":2,"⹃":3}}""";
        const string Normalizer =
            """{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true}""";
        var bert = MemoryTokenizer.Load(
            9,
            ("tokenizer.json", MemoryTokenizer.Json(Bert, normalizer: Normalizer, preTokenizer: """{"type":"BertPreTokenizer"}"""))
        );
        Assert.Equal<int>([0], bert.Encode("a\u2E43a")); // of Unicode 9: no punctuation yet, so one unknown word

        // of Unicode 14: keeps its place and what follows from joining
        Assert.Equal("a\u0898\u0323", TextNormalizers.Form(NormalizationForm.FormC)("a\u0898\u0323"));
    }

    private static string Digest(IEnumerable<Rune> runes) =>
        Convert.ToHexStringLower(
            SHA256.HashData(
                Encoding.UTF8.GetBytes(string.Join(' ', runes.Select(rune => rune.Value.ToString(CultureInfo.InvariantCulture))))
            )
        )[..16];
}
