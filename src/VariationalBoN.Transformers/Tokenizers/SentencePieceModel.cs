using System.Globalization;
using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>SentencePiece's byte-pair encoding: of all neighbours those are joined
/// whose union has the highest score, the leftmost first.</summary>
/// <remarks>
/// Our own: LlamaTokenizer of Microsoft.ML.Tokenizers 2.0.1 differs on 5 of the 68 golden texts (runs of spaces and of symbols, what
/// follows a special token), and reports damage without a place. Changed while it is read, immutable from then on.
/// </remarks>
internal sealed class SentencePieceModel
{
    /// <summary>Stands for a space.</summary>
    internal const char Space = '\u2581';

    private readonly List<(string Text, float Score, SentencePieceType Type)> _pieces = [];
    private readonly Dictionary<string, int> _joined = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _reserved = new(StringComparer.Ordinal);
    private readonly int[] _bytes = new int[256];
    private TokenMatcher? _userDefined;
    private int _unknown = -1;

    internal int Count => _pieces.Count;

    internal bool ByteFallback { get; set; }

    internal bool AddDummyPrefix { get; set; } = true;

    internal bool RemoveExtraWhitespaces { get; set; } = true;

    internal bool TryAdd(string text, float score, SentencePieceType type)
    {
        bool reserved = type is not (SentencePieceType.Normal or SentencePieceType.UserDefined);
        if ((reserved ? _joined : _reserved).ContainsKey(text) || !(reserved ? _reserved : _joined).TryAdd(text, _pieces.Count))
            return false;
        _pieces.Add((text, score, type));
        return true;
    }

    /// <summary>Checks what only the whole can show.</summary>
    internal void Seal(Func<string, InvalidDataException> fault)
    {
        int[] unknown = [.. Enumerable.Range(0, Count).Where(id => _pieces[id].Type == SentencePieceType.Unknown)];
        _unknown = unknown.Length == 1 ? unknown[0] : throw fault($"{unknown.Length} pieces are of type unknown; there must be one");
        for (int b = 0; b < 256 && ByteFallback; b++)
        {
            string text = ByteText(b);
            _bytes[b] =
                _reserved.TryGetValue(text, out int id) && _pieces[id].Type == SentencePieceType.Byte
                    ? id
                    : throw fault($"byte_fallback is on, but there is no piece {text} of type byte");
        }

        _userDefined = new TokenMatcher(
            _pieces
                .Select((piece, id) => (piece.Text, id, AddedToken.SpecialText(piece.Text)))
                .Where(piece => _pieces[piece.id].Type == SentencePieceType.UserDefined)
        );
    }

    internal string Text(int id) => _pieces[id].Text;

    internal float Score(int id) => _pieces[id].Score;

    internal SentencePieceType Type(int id) => _pieces[id].Type;

    /// <summary>The id of a piece, that of the unknown piece when there is none.</summary>
    internal int Id(string piece) => _reserved.TryGetValue(piece, out int id) || _joined.TryGetValue(piece, out id) ? id : _unknown;

    internal bool Contains(string piece) => _reserved.ContainsKey(piece) || _joined.ContainsKey(piece);

    /// <summary>The pieces of a text: unknown characters as bytes, or together as one unknown piece.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addDummyPrefix">Whether a space comes before it.</param>
    internal List<string> Encode(string text, bool addDummyPrefix)
    {
        var pieces = new List<string>();
        bool unknown = false;
        foreach (string piece in Join(Normalize(text, addDummyPrefix)))
        {
            bool isUnknown = Id(piece) == _unknown;
            if (isUnknown && ByteFallback)
                pieces.AddRange(Encoding.UTF8.GetBytes(piece).Select(b => ByteText(b)));
            else if (isUnknown && unknown)
                pieces[^1] += piece;
            else
                pieces.Add(piece);
            unknown = isUnknown;
        }

        return pieces;
    }

    private static string ByteText(int value) => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");

    private string Normalize(string text, bool addDummyPrefix)
    {
        if (RemoveExtraWhitespaces)
            text = text.TrimStart(' ');
        if (text.Length == 0)
            return "";
        var normal = new StringBuilder(addDummyPrefix ? Space.ToString() : "");
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != ' ')
                normal.Append(text[i]);
            else if (!RemoveExtraWhitespaces || i == 0 || text[i - 1] != ' ')
                normal.Append(Space);
        }

        return RemoveExtraWhitespaces ? normal.ToString().TrimEnd(Space) : normal.ToString();
    }

    private List<string> Join(string text)
    {
        var symbols = new List<(int Start, int Length)>(text.Length); // a length of 0: joined to one on the left
        var frozen = new HashSet<int>();
        foreach (var (start, end, id) in _userDefined!.Split(text))
        {
            if (id >= 0)
            {
                frozen.Add(symbols.Count);
                symbols.Add((start, end - start));
                continue;
            }

            for (int at = start; at < end; at += symbols[^1].Length)
                symbols.Add((at, char.IsHighSurrogate(text[at]) && at + 1 < end ? 2 : 1));
        }

        int[] previous = new int[symbols.Count],
            next = new int[symbols.Count];
        for (int i = 0; i < symbols.Count; i++)
            (previous[i], next[i]) = (i - 1, i + 1);
        var joined = _joined.GetAlternateLookup<ReadOnlySpan<char>>();
        var queue = new PriorityQueue<(int Left, int Right, int Length), (float MinusScore, int Left)>();
        for (int i = 0; i + 1 < symbols.Count; i++)
            Consider(i, i + 1);
        while (queue.TryDequeue(out var top, out _))
        {
            if (
                symbols[top.Left].Length == 0
                || symbols[top.Right].Length == 0
                || symbols[top.Left].Length + symbols[top.Right].Length != top.Length
            )
                continue; // joined with something else since it was queued
            symbols[top.Left] = symbols[top.Left] with { Length = top.Length };
            symbols[top.Right] = symbols[top.Right] with { Length = 0 };
            next[top.Left] = next[top.Right];
            if (next[top.Right] < symbols.Count)
                previous[next[top.Right]] = top.Left;
            Consider(previous[top.Left], top.Left);
            Consider(top.Left, next[top.Left]);
        }

        var pieces = new List<string>();
        foreach (var (start, length) in symbols)
        {
            if (length > 0)
                pieces.Add(text.Substring(start, length));
        }

        return pieces;

        void Consider(int left, int right)
        {
            if (left < 0 || right >= symbols.Count || frozen.Contains(left) || frozen.Contains(right))
                return;
            int length = symbols[left].Length + symbols[right].Length;
            if (joined.TryGetValue(text.AsSpan(symbols[left].Start, length), out int id))
                queue.Enqueue((left, right, length), (-_pieces[id].Score, left));
        }
    }
}
