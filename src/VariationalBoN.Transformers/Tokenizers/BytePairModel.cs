using System.Globalization;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Byte-pair encoding: of all neighbours the pair that was merged first in training is merged, the leftmost first, until none is left.</summary>
/// <remarks>
/// Our own loop: BpeTokenizer of Microsoft.ML.Tokenizers 2.0.1 gives the same ids on the golden texts of GPT-2 and Llama 3, but knows neither <c>ignore_merges</c> nor byte fallback.
/// </remarks>
internal sealed class BytePairModel : ITokenModel
{
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> _merges;
    private readonly BytePairOptions _options;
    private readonly int[]? _bytes;
    private readonly int? _unknown;

    internal BytePairModel(TokenVocabulary vocabulary, Dictionary<(int Left, int Right), (int Rank, int Id)> merges, BytePairOptions options)
    {
        (Vocabulary, _merges, _options) = (vocabulary, merges, options);
        _unknown = options.Unknown is string token && vocabulary.TryGetId(token, out int id) ? id : null;
        if (options.ByteFallback)
            _bytes = [.. Enumerable.Range(0, 256).Select(b => vocabulary.TryGetId(string.Create(CultureInfo.InvariantCulture, $"<0x{b:X2}>"), out int code) ? code : -1)];
    }

    public TokenVocabulary Vocabulary { get; }

    public void Encode(string word, List<int> ids)
    {
        if (_options.IgnoreMerges && Vocabulary.TryGetId(word, out int whole))
        {
            ids.Add(whole);
            return;
        }

        int[] symbols = Symbols(word);
        if (symbols.Length > 1)
            Merge(symbols, ids);
        else
            ids.AddRange(symbols);
    }

    private int[] Symbols(string word)
    {
        var symbols = new List<int>(word.Length);
        bool unknown = false;
        Span<byte> utf8 = stackalloc byte[4];
        int at = 0;
        foreach (var rune in word.EnumerateRunes())
        {
            int next = at + rune.Utf16SequenceLength;
            string symbol = word[at..next];
            if (at > 0)
                symbol = _options.ContinuingPrefix + symbol;
            if (next == word.Length)
                symbol += _options.EndOfWordSuffix;
            at = next;
            if (Vocabulary.TryGetId(symbol, out int id))
            {
                if (unknown)
                    symbols.Add(_unknown!.Value);
                unknown = false;
                symbols.Add(id);
            }
            else if (!AddBytes(symbol, symbols) && _options.Unknown is not null)
            {
                if (unknown && !_options.FuseUnknown)
                    symbols.Add(_unknown!.Value);
                unknown = true;
                if (_unknown is null)
                    throw new InvalidOperationException($"The text holds \"{symbol}\", which the tokenizer does not know, and its unknown token {_options.Unknown} is not in its vocabulary.");
            }
        }

        if (unknown)
            symbols.Add(_unknown!.Value);
        return [.. symbols];
    }

    private bool AddBytes(string symbol, List<int> symbols)
    {
        if (_bytes is null)
            return false;
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(symbol);
        if (bytes.Any(b => _bytes[b] < 0))
            return false;
        symbols.AddRange(bytes.Select(b => _bytes[b]));
        return true;
    }

    private void Merge(int[] symbols, List<int> ids)
    {
        int[] previous = new int[symbols.Length], next = new int[symbols.Length];
        var queue = new PriorityQueue<(int At, int Id), (int Rank, int At)>();
        for (int i = 0; i < symbols.Length; i++)
            (previous[i], next[i]) = (i - 1, i + 1);
        for (int i = 0; i + 1 < symbols.Length; i++)
            Consider(i);
        while (queue.TryDequeue(out var top, out _))
        {
            int right = symbols[top.At] < 0 ? symbols.Length : next[top.At];
            if (right == symbols.Length || !_merges.TryGetValue((symbols[top.At], symbols[right]), out var merge) || merge.Id != top.Id)
                continue; // merged away, or into something else, since it was queued
            symbols[top.At] = top.Id;
            symbols[right] = -1;
            next[top.At] = next[right];
            if (next[right] < symbols.Length)
                previous[next[right]] = top.At;
            Consider(previous[top.At]);
            Consider(top.At);
        }

        for (int i = 0; i < symbols.Length; i = next[i])
            ids.Add(symbols[i]);

        void Consider(int left)
        {
            if (left >= 0 && next[left] < symbols.Length && _merges.TryGetValue((symbols[left], symbols[next[left]]), out var merge))
                queue.Enqueue((left, merge.Id), (merge.Rank, left));
        }
    }
}
