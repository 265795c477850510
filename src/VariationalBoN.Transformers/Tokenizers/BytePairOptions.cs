namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>The settings of byte-pair encoding beside vocabulary and merges.</summary>
internal sealed record BytePairOptions
{
    /// <summary>The token for what the vocabulary does not hold; without one it is left out.</summary>
    internal string? Unknown { get; init; }

    /// <summary>Whether a run of unknown characters becomes one token.</summary>
    internal bool FuseUnknown { get; init; }

    /// <summary>Whether an unknown character becomes its UTF-8 bytes, tokens such as <c>&lt;0x0A&gt;</c>.</summary>
    internal bool ByteFallback { get; init; }

    /// <summary>Whether a word of the vocabulary is taken whole.</summary>
    internal bool IgnoreMerges { get; init; }

    /// <summary>Stands before every symbol of a word but the first.</summary>
    internal string ContinuingPrefix { get; init; } = "";

    /// <summary>Stands after the last symbol of a word.</summary>
    internal string EndOfWordSuffix { get; init; } = "";
}
