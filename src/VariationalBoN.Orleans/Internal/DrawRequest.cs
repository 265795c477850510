using VariationalBoN.References;

namespace VariationalBoN.Orleans.Internal;

/// <summary>Which completions to draw: a block. Immutable.</summary>
[GenerateSerializer, Immutable, Alias("VariationalBoN.DrawRequest")]
internal sealed record DrawRequest
{
    /// <summary>The prompts.</summary>
    [Id(0)]
    public required PromptMessage[] Prompts { get; init; }

    /// <summary>Samples of each.</summary>
    [Id(1)]
    public required int Samples { get; init; }

    /// <summary><see cref="DrawSeed.Value"/>.</summary>
    [Id(2)]
    public required long Seed { get; init; }

    /// <summary><see cref="DrawSeed.Purpose"/>.</summary>
    [Id(3)]
    public required int Purpose { get; init; }

    /// <summary><see cref="DrawSeed.FirstSample"/>.</summary>
    [Id(4)]
    public required int FirstSample { get; init; }

    /// <summary>Whether log pi of the policy that draws is wanted.</summary>
    [Id(5)]
    public bool WithLogProb { get; init; }

    /// <summary>The seed of the call.</summary>
    public DrawSeed DrawSeed => new(Seed, (DrawPurpose)Purpose);

    /// <summary>The block alone.</summary>
    public DrawBlock ToBlock() =>
        new()
        {
            Prompts = [.. Prompts.Select(prompt => prompt.ToPrompt())],
            FirstPrompt = 0,
            FirstSample = FirstSample,
            Samples = Samples,
            Offset = 0,
        };
}
