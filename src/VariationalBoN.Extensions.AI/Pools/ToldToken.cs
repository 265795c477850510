namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>What a server says of a token.</summary>
/// <param name="Id">Its id; null where the server says it by its place alone.</param>
/// <param name="LogProb">Its log-probability, in nats.</param>
internal readonly record struct ToldToken(int? Id, double LogProb);
