namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>How much a repetition takes: as much as it may, as little, or as much without giving back.</summary>
internal enum RegexGreed
{
    Greedy,
    Lazy,
    Possessive,
}
