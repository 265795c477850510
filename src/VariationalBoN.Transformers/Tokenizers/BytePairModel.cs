using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Byte-pair encoding: of all neighbours the pair that was merged first in training is merged,
/// the leftmost first, until none is left.</summary>
/// <remarks>
/// Our own loop: BpeTokenizer of Microsoft.ML.Tokenizers 2.0.1 gives the same ids on the golden texts of GPT-2 and Llama 3, but knows
/// neither <c>ignore_merges</c> nor byte fallback. The ids of the first 10,000 different short words are kept,
/// since texts repeat them. Thread-safe.
/// </remarks>
internal sealed class BytePairModel : ITokenModel
{
    private const int MostKept = 10_000;
    private const int LongestKept = 64;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> _merges;
    private readonly BytePairOptions _options;
    private readonly int[]? _bytes;
    private readonly int? _unknown;
    private readonly ConcurrentDictionary<string, int[]> _kept = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _keptBySpan;
    private int _keptCount;

    internal BytePairModel(
        TokenVocabulary vocabulary,
        Dictionary<(int Left, int Right), (int Rank, int Id)> merges,
        BytePairOptions options
    )
    {
        (Vocabulary, _merges, _options) = (vocabulary, merges, options);
        _keptBySpan = _kept.GetAlternateLookup<ReadOnlySpan<char>>();
        _unknown = options.Unknown is string token && vocabulary.TryGetId(token, out int id) ? id : null;
        if (options.ByteFallback)
            _bytes =
            [
                .. Enumerable
                    .Range(0, 256)
                    .Select(b => vocabulary.TryGetId(string.Create(CultureInfo.InvariantCulture, $"<0x{b:X2}>"), out int code) ? code : -1),
            ];
    }

    public TokenVocabulary Vocabulary { get; }

    public int? Unknown => _unknown;

    /// <summary>What stands after the last symbol of a word.</summary>
    internal string EndOfWordSuffix => _options.EndOfWordSuffix;

    public void Encode(ReadOnlySpan<char> word, List<int> ids)
    {
        if (_options.IgnoreMerges && Vocabulary.TryGetId(word, out int whole))
        {
            ids.Add(whole);
            return;
        }

        bool keeps = word.Length <= LongestKept;
        if (keeps && _keptBySpan.TryGetValue(word, out int[]? kept))
        {
            ids.AddRange(kept);
            return;
        }

        int before = ids.Count;
        EncodeNew(word, ids);
        if (keeps && Volatile.Read(ref _keptCount) < MostKept && _keptBySpan.TryAdd(word, Since(ids, before)))
            Interlocked.Increment(ref _keptCount);
    }

    private static int[] Since(List<int> ids, int from) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ids)[from..].ToArray();

    private void EncodeNew(ReadOnlySpan<char> word, List<int> ids)
    {
        int most = _bytes is null
            ? word.Length // a symbol becomes one id, or one for each of its bytes
            : checked(
                Encoding.UTF8.GetByteCount(word)
                + Encoding.UTF8.GetByteCount(_options.ContinuingPrefix + _options.EndOfWordSuffix) * word.Length
            );
        int[]? rented = most > 256 ? ArrayPool<int>.Shared.Rent(most) : null;
        Span<int> symbols = rented ?? stackalloc int[256];
        symbols = symbols[..Symbols(word, symbols)];
        if (symbols.Length > BytePairMerger.LongestOnStack)
            new BytePairMerger(_merges, symbols).MergeLong(ids);
        else
            BytePairMerger.MergeShort(_merges, symbols, ids);
        if (rented is not null)
            ArrayPool<int>.Shared.Return(rented);
    }

    /// <summary>The ids of the characters of a word; their number is returned.</summary>
    private int Symbols(ReadOnlySpan<char> word, Span<int> symbols)
    {
        int count = 0,
            at = 0;
        bool unknown = false;
        while (at < word.Length)
        {
            int next = at + (char.IsHighSurrogate(word[at]) && at + 1 < word.Length ? 2 : 1);
            ReadOnlySpan<char> symbol = word[at..next];
            if (at > 0 && _options.ContinuingPrefix.Length > 0)
                symbol = string.Concat(_options.ContinuingPrefix, symbol);
            if (next == word.Length && _options.EndOfWordSuffix.Length > 0)
                symbol = string.Concat(symbol, _options.EndOfWordSuffix);
            at = next;
            if (Vocabulary.TryGetId(symbol, out int id))
            {
                if (unknown)
                    symbols[count++] = _unknown!.Value;
                unknown = false;
                symbols[count++] = id;
            }
            else if (!AddBytes(symbol, symbols, ref count) && _options.Unknown is not null)
            {
                if (unknown && !_options.FuseUnknown)
                    symbols[count++] = _unknown!.Value;
                unknown = true;
                if (_unknown is null)
                    throw WordPieceModel.MissingUnknown(symbol, _options.Unknown);
            }
        }

        if (unknown)
            symbols[count++] = _unknown!.Value;
        return count;
    }

    private bool AddBytes(ReadOnlySpan<char> symbol, Span<int> symbols, ref int count)
    {
        if (_bytes is null)
            return false;
        Span<byte> utf8 = stackalloc byte[16];
        if (symbol.Length > 4)
            utf8 = new byte[Encoding.UTF8.GetByteCount(symbol)];
        utf8 = utf8[..Encoding.UTF8.GetBytes(symbol, utf8)];
        foreach (byte b in utf8)
        {
            if (_bytes[b] < 0)
                return false;
        }

        foreach (byte b in utf8)
            symbols[count++] = _bytes[b];
        return true;
    }
}
