using System.Text;
using System.Text.RegularExpressions;

namespace VariationalBoN.Testing.Models;

/// <summary>Vocabularies of a few texts in the two forms that the tiny models need. Stateless.</summary>
internal static partial class TinyVocabulary
{
    private static readonly string[] s_special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    /// <summary>Byte pairs: the 256 bytes as GPT-2 writes them, and merges of the most frequent neighbours within words.</summary>
    /// <returns>The tokens in order of their ids, and the merges in order of their rank.</returns>
    public static (string[] Tokens, string[] Merges) BytePairs(IEnumerable<string> texts, int merges)
    {
        string[] bytes = Bytes();
        List<List<string>> words =
        [
            .. texts
                .SelectMany(text => Word().Matches(text))
                .Select(word => Encoding.UTF8.GetBytes(word.Value).Select(b => bytes[b]).ToList()),
        ];
        var learned = new List<(string Left, string Right)>();
        while (learned.Count < merges)
        {
            var pairs = words.SelectMany(word => word.Zip(word.Skip(1))).CountBy(pair => pair).Where(pair => pair.Value > 1);
            if (!pairs.Any())
                break;
            var best = pairs
                .OrderByDescending(pair => pair.Value)
                .ThenBy(pair => $"{pair.Key.First} {pair.Key.Second}", StringComparer.Ordinal)
                .First()
                .Key;
            learned.Add(best);
            foreach (var word in words)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                {
                    if (word[i] != best.First || word[i + 1] != best.Second)
                        continue;
                    word[i] += word[i + 1];
                    word.RemoveAt(i + 1);
                }
            }
        }

        string[] tokens = [.. bytes.Order(StringComparer.Ordinal), .. learned.Select(pair => pair.Left + pair.Right)];
        return (tokens, [.. learned.Select(pair => $"{pair.Left} {pair.Right}")]);
    }

    /// <summary>
    /// Word pieces: the special tokens, each printable ASCII character at the beginning of a word and inside it,
    /// and the words themselves, in lower case.
    /// </summary>
    public static string[] WordPieces(IEnumerable<string> texts)
    {
        string[] characters =
        [
            .. Enumerable.Range('!', '~' - '!' + 1).Select(c => ((char)c).ToString()).Where(c => !char.IsAsciiLetterUpper(c[0])),
        ];
        var words = texts
            .SelectMany(text => Letters().Matches(text))
            .Select(word => word.Value.ToLowerInvariant())
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);
        return [.. s_special.Concat(characters).Concat(characters.Select(c => $"##{c}")).Concat(words).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>GPT-2's characters for bytes: printable Latin-1 stands for itself, the others follow from U+0100 on.</summary>
    private static string[] Bytes()
    {
        int next = 256;
        return
        [
            .. Enumerable
                .Range(0, 256)
                .Select(b => ((char)(b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? b : next++)).ToString()),
        ];
    }

    [GeneratedRegex(@" ?\p{L}+| ?[^\s\p{L}]+|\s+")]
    private static partial Regex Word();

    [GeneratedRegex(@"\p{L}+")]
    private static partial Regex Letters();
}
