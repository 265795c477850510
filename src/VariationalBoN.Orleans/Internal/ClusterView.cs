namespace VariationalBoN.Orleans.Internal;

/// <summary>Which silos are active, as one of them knows. Immutable.</summary>
/// <param name="Version">Higher is later: silos hear of changes at different times.</param>
/// <param name="Silos">The addresses of active silos, as <c>SiloAddress.ToParsableString</c> writes them.</param>
/// <param name="Leaving">The addresses of those that stop in good order.</param>
[GenerateSerializer, Immutable, Alias("VariationalBoN.ClusterView")]
internal sealed record ClusterView([property: Id(0)] long Version, [property: Id(1)] string[] Silos, [property: Id(2)] string[] Leaving);
