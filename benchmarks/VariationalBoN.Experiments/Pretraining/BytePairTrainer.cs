using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using SentimentControl.Datasets.Austen;

namespace VariationalBoN.Experiments.Pretraining;

/// <summary>Learns a byte-level byte-pair vocabulary in the two files of GPT-2:
/// vocab.json and merges.txt. Stateless, thread-safe.</summary>
/// <remarks>
/// Source: Sennrich, Haddow, Birch, "Neural machine translation of rare words with subword units" (ACL 2016), on the bytes and with the
/// word pattern of GPT-2. The most frequent pair is merged first; of equally frequent pairs the one that is first in ordinal order.
/// </remarks>
internal static class BytePairTrainer
{
    private static readonly char[] ByteSymbols = MakeByteSymbols();

    /// <summary>Learns merges until the vocabulary is full.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="vocabularySize">256 bytes, the merges and <see cref="AustenVocabulary.EndOfText"/>; more than 257.</param>
    /// <returns>The vocabulary in order of its ids, and the merges in order of their rank.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="vocabularySize"/> is too small.</exception>
    public static (List<string> Vocabulary, List<(string Left, string Right)> Merges) Train(IEnumerable<string> texts, int vocabularySize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabularySize, 258);
        List<(List<string> Symbols, int Count)> words = CountWords(texts);
        var vocabulary = ByteSymbols.Select(symbol => symbol.ToString()).ToList();
        var merges = new List<(string, string)>();
        var counts = new Dictionary<(string, string), int>();
        var places = new Dictionary<(string, string), HashSet<int>>();
        for (int word = 0; word < words.Count; word++)
            Count(word, +1);
        while (vocabulary.Count < vocabularySize - 1 && counts.Count > 0)
        {
            (string Left, string Right) best = default;
            int most = 0;
            foreach ((var pair, int count) in counts)
            {
                if (count > most || (count == most && Compare(pair, best) < 0))
                    (best, most) = (pair, count);
            }

            if (most < 2)
                break;
            merges.Add(best);
            vocabulary.Add(best.Left + best.Right);
            foreach (int word in places[best].ToArray())
            {
                Count(word, -1);
                Merge(words[word].Symbols, best);
                Count(word, +1);
            }
        }

        vocabulary.Add(AustenVocabulary.EndOfText);
        return (vocabulary, merges);

        void Count(int word, int sign)
        {
            (List<string> symbols, int count) = words[word];
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                (string, string) pair = (symbols[i], symbols[i + 1]);
                int total = counts.GetValueOrDefault(pair) + sign * count;
                if (total == 0)
                    counts.Remove(pair);
                else
                    counts[pair] = total;
                if (!places.TryGetValue(pair, out HashSet<int>? where))
                    places[pair] = where = [];
                if (sign > 0)
                    where.Add(word);
                else
                    where.Remove(word);
            }
        }
    }

    /// <summary>Learns a vocabulary and writes vocab.json and merges.txt.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="vocabularySize">Number of tokens, more than 257.</param>
    /// <param name="folder">An existing folder.</param>
    public static void Save(IEnumerable<string> texts, int vocabularySize, string folder)
    {
        (List<string> vocabulary, List<(string Left, string Right)> merges) = Train(texts, vocabularySize);
        var ids = vocabulary.Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => pair.id);
        File.WriteAllText(Path.Combine(folder, "vocab.json"), JsonSerializer.Serialize(ids));
        File.WriteAllText(
            Path.Combine(folder, "merges.txt"),
            string.Concat(merges.Select(merge => $"{merge.Left} {merge.Right}\n").Prepend("#version: 0.2\n"))
        );
    }

    private static List<(List<string> Symbols, int Count)> CountWords(IEnumerable<string> texts)
    {
        var counts = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            foreach (ValueMatch match in AustenVocabulary.Words().EnumerateMatches(text))
            {
                string word = text.Substring(match.Index, match.Length);
                counts[word] = counts.GetValueOrDefault(word) + 1;
            }
        }

        return
        [
            .. counts.Select(pair =>
                (Encoding.UTF8.GetBytes(pair.Key).Select(value => ByteSymbols[value].ToString()).ToList(), pair.Value)
            ),
        ];
    }

    private static void Merge(List<string> symbols, (string Left, string Right) pair)
    {
        for (int i = 0; i + 1 < symbols.Count; i++)
        {
            if (symbols[i] != pair.Left || symbols[i + 1] != pair.Right)
                continue;
            symbols[i] += pair.Right;
            symbols.RemoveAt(i + 1);
        }
    }

    private static int Compare((string Left, string Right) a, (string Left, string Right) b)
    {
        int left = string.CompareOrdinal(a.Left, b.Left);
        return left != 0 ? left : string.CompareOrdinal(a.Right, b.Right);
    }

    /// <summary>GPT-2's printable stand-in for each byte:
    /// printable Latin-1 characters stand for themselves, the others for U+0100 and on.</summary>
    private static char[] MakeByteSymbols()
    {
        char[] symbols = new char[256];
        char next = (char)256;
        for (int value = 0; value < 256; value++)
            symbols[value] = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE ? (char)value : next++;
        return symbols;
    }
}
