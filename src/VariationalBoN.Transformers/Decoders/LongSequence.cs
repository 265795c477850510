namespace VariationalBoN.Transformers.Decoders;

/// <summary>What happens to a sequence that is longer than a classifier takes.</summary>
public enum LongSequence
{
    /// <summary>What is beyond the limit is not read: the end of a text, special tokens kept, or the last token ids.</summary>
    Truncate,

    /// <summary>The score fails, naming the length, so that <c>ScoringOptions.OnFailure</c> decides.</summary>
    Refuse,
}
