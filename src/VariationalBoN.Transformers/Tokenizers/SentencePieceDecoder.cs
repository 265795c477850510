using System.Globalization;
using System.Text;

namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>Pieces of SentencePiece back into text. Thread-safe, as the model is once it has been read.</summary>
/// <param name="model">The pieces.</param>
/// <param name="dropsFirstSpace">Whether a space at the beginning of a text is not of the text, and comes off.</param>
internal sealed class SentencePieceDecoder(SentencePieceModel model, bool dropsFirstSpace)
{
    /// <summary>SentencePiece's own decoding: spaces back, bytes to characters,
    /// U+FFFD for each byte that fits none, the space before the text off.</summary>
    internal string Decode(IReadOnlyList<string> pieces)
    {
        var text = new StringBuilder();
        var bytes = new List<byte>();
        foreach (string piece in pieces)
        {
            int id = model.Id(piece);
            if (model.Contains(piece) && model.Type(id) == SentencePieceType.Byte)
            {
                bytes.Add(byte.Parse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                continue;
            }

            text.Append(Characters(bytes));
            bytes.Clear();
            text.Append(Surface(piece, id, first: text.Length == 0));
        }

        return text.Append(Characters(bytes)).ToString();
    }

    private string Surface(string piece, int id, bool first)
    {
        if (model.Type(id) == SentencePieceType.Control)
            return "";
        if (model.Type(id) == SentencePieceType.Unknown)
            return piece == model.Text(id) ? " \u2047 " : piece;
        if (first && dropsFirstSpace && piece.StartsWith(SentencePieceModel.Space))
            piece = piece[1..];
        return piece.Replace(SentencePieceModel.Space, ' ');
    }

    private static string Characters(List<byte> bytes)
    {
        var text = new StringBuilder();
        ReadOnlySpan<byte> left = bytes.ToArray();
        while (left.Length > 0)
        {
            bool valid = Rune.DecodeFromUtf8(left, out var rune, out int length) == System.Buffers.OperationStatus.Done;
            text.Append(valid ? rune.ToString() : "\uFFFD");
            left = left[(valid ? length : 1)..];
        }

        return text.ToString();
    }
}
