namespace VariationalBoN.Orleans.Internal;

/// <summary>A piece of a file of published weights. Immutable.</summary>
/// <param name="Digest">SHA-256 of the whole file in hexadecimal digits.</param>
/// <param name="Transfer">One sending of the file: pieces of two do not mix.</param>
/// <param name="Offset">Where the piece begins.</param>
/// <param name="Length">The length of the whole file.</param>
/// <param name="Bytes">The piece.</param>
[GenerateSerializer, Immutable, Alias("VariationalBoN.WeightPiece")]
internal sealed record WeightPiece(
    [property: Id(0)] string Digest,
    [property: Id(1)] Guid Transfer,
    [property: Id(2)] long Offset,
    [property: Id(3)] long Length,
    [property: Id(4)] byte[] Bytes
);
