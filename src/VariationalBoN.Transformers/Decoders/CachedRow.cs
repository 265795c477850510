namespace VariationalBoN.Transformers.Decoders;

/// <summary>One sequence of a decoding: how many tokens it has, and where their keys and values stand.</summary>
internal sealed class CachedRow
{
    /// <summary>The number of tokens whose keys and values are kept.</summary>
    internal int Length { get; set; }

    /// <summary>What they stand in: the prompts that were read, or slots of a decoding.</summary>
    internal required KeyValues Home { get; set; }

    /// <summary>The row of <see cref="Home"/>.</summary>
    internal int Slot { get; set; }
}
