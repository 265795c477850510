using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.ML.Tokenizers;
using VariationalBoN.Policies;
using VariationalBoN.Transformers.Tokenizers;

namespace SentimentControl.Datasets.Austen;

/// <summary>The byte-pair vocabulary of a folder with vocab.json and merges.txt. Stateless, thread-safe.</summary>
internal static partial class AustenVocabulary
{
    /// <summary>The token that ends a segment; it is the last of the vocabulary.</summary>
    public const string EndOfText = "<|endoftext|>";

    /// <summary>Reads a vocabulary.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The tokenizer; it leaves <see cref="EndOfText"/> out when it decodes.</returns>
    /// <exception cref="InvalidDataException">A file is damaged; the message names it.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static ITokenizer Load(string folder)
    {
        string vocabularyPath = Path.Combine(folder, "vocab.json");
        try
        {
            Dictionary<string, int> ids = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(vocabularyPath)) ?? [];
            if (!ids.TryGetValue(EndOfText, out int end))
                throw new InvalidDataException($"{vocabularyPath}: the token {EndOfText} is missing.");
            var tokenizer = BpeTokenizer.Create(
                new BpeOptions(ids)
                {
                    ByteLevel = true,
                    Merges = File.ReadLines(Path.Combine(folder, "merges.txt"))
                        .Where(line => !line.StartsWith("#version", StringComparison.Ordinal))
                        .ToList(),
                    PreTokenizer = new RegexPreTokenizer(Words(), null),
                    SpecialTokens = new Dictionary<string, int> { [EndOfText] = end },
                }
            );
            return new MicrosoftTokenizer(tokenizer, ids.Count, [end]);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            throw new InvalidDataException($"{vocabularyPath} or merges.txt beside it is damaged: {e.Message}", e);
        }
    }

    /// <summary>The word pattern of GPT-2: within its matches bytes are merged, never across them.</summary>
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    internal static partial Regex Words();
}
