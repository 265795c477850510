namespace VariationalBoN.Transformers.Tokenizers;

/// <summary>The parts of a <see cref="TextPipeline"/>; those that are null change nothing.</summary>
internal sealed record TextPipelineParts
{
    internal required ITokenModel Model { get; init; }

    internal required AddedVocabulary Added { get; init; }

    internal Func<string, string>? Normalizer { get; init; }

    internal PieceCutter? PreTokenizer { get; init; }

    internal TokenFrame Frame { get; init; } = TokenFrame.None;

    /// <summary>Tokens to the texts that, joined, are the text; without one, tokens are joined with spaces.</summary>
    internal Func<IReadOnlyList<string>, IReadOnlyList<string>>? Decoder { get; init; }

    /// <summary>What the class does to a decoded text.</summary>
    internal ClassDecoding ClassDecoding { get; init; }

    /// <summary>Whether spaces before English punctuation are taken out of decoded text.</summary>
    internal bool CleanUp { get; init; }
}
