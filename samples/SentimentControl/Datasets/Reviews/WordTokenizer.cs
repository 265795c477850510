using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using VariationalBoN;
using VariationalBoN.Policies;

namespace SentimentControl.Datasets.Reviews;

/// <summary>One id to each word; id 0 ends a text. Immutable, thread-safe.</summary>
internal sealed class WordTokenizer : ITokenizer
{
    public const int EndOfText = 0;
    private const string EndOfTextWord = "<eos>";
    private readonly string[] _words;
    private readonly Dictionary<string, int> _ids;

    public WordTokenizer(IEnumerable<string> words)
    {
        _words = [EndOfTextWord, .. words];
        _ids = _words.Select((word, id) => (word, id)).ToDictionary(pair => pair.word, pair => pair.id);
    }

    public ModelIdentity Identity =>
        new(
            nameof(WordTokenizer),
            ("words", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', _words))))[..16])
        );

    public int VocabularySize => _words.Length;

    /// <summary>Reads a file of one word a line, whose first line stands for id 0.</summary>
    public static WordTokenizer Load(string path)
    {
        string[] words = File.ReadAllLines(path);
        if (words.Length < 2 || words[0] != EndOfTextWord || words.Distinct().Count() != words.Length)
            throw new InvalidDataException($"{path}: a vocabulary is one word a line, none twice, with {EndOfTextWord} first.");
        return new WordTokenizer(words.Skip(1));
    }

    public void Save(string path) => File.WriteAllLines(path, _words);

    public ImmutableArray<int> Encode(string text) =>
        [
            .. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(word =>
                    _ids.TryGetValue(word, out int id) && id != EndOfText
                        ? id
                        : throw new ArgumentException(
                            $"the word \"{word}\" is not among the {_words.Length - 1} words of the film reviews; try \"the plot was\" or "
                                + $"\"this comedy is\"."
                        )
                ),
        ];

    public string Decode(IReadOnlyList<int> tokens) => string.Join(' ', tokens.Where(id => id != EndOfText).Select(id => _words[id]));
}
