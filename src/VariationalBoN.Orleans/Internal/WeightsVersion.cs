namespace VariationalBoN.Orleans.Internal;

/// <summary>Published weights. Immutable.</summary>
/// <param name="Number">Their number: higher is later.</param>
/// <param name="Digest">SHA-256 of the file in hexadecimal digits.</param>
/// <param name="Policy">The identity of the policy that has them: <see cref="ModelIdentity.ToJson"/>.</param>
[GenerateSerializer, Immutable, Alias("VariationalBoN.WeightsVersion")]
internal sealed record WeightsVersion([property: Id(0)] long Number, [property: Id(1)] string Digest, [property: Id(2)] string Policy);
