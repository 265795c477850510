namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>A part of a text on its way to the model. It lives on the stack alone, so that cutting a text copies nothing.</summary>
/// <param name="text">The part, never empty.</param>
/// <param name="first">Whether the text begins with it.</param>
internal readonly ref struct Piece(ReadOnlySpan<char> text, bool first)
{
    internal ReadOnlySpan<char> Text { get; } = text;

    internal bool First { get; } = first;

    /// <summary>A part of this part.</summary>
    internal Piece Slice(int start, int end) => new(Text[start..end], First && start == 0);
}

/// <summary>Takes the pieces of a text in order.</summary>
internal delegate void PieceSink(Piece piece);

/// <summary>Cuts a piece and hands on what it is cut into.</summary>
internal delegate void PieceCutter(Piece piece, PieceSink next);
