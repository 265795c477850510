namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>The kinds of pieces, with the numbers of SentencePiece's file format.</summary>
internal enum SentencePieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}
