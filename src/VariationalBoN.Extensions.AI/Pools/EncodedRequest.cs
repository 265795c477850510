using System.Collections.Immutable;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>One completion that is asked for.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Ids">Its ids.</param>
/// <param name="Seed">What the server is to draw it by.</param>
internal readonly record struct EncodedRequest(Prompt Prompt, ImmutableArray<int> Ids, long Seed);
