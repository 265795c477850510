using VariationalBoN.Training;

namespace VariationalBoN.Orleans.Internal;

/// <summary>A part of a batch, whose gradient is wanted: its own rows. Immutable.</summary>
[GenerateSerializer, Immutable, Alias("VariationalBoN.GradientRequest")]
internal sealed record GradientRequest
{
    /// <summary>The name of the loss.</summary>
    [Id(0)]
    public required string Loss { get; init; }

    /// <summary><see cref="BatchPart.Batch"/>.</summary>
    [Id(1)]
    public required string Batch { get; init; }

    /// <summary><see cref="BatchPart.Index"/>.</summary>
    [Id(2)]
    public required int Index { get; init; }

    /// <summary><see cref="BatchPart.Parts"/>.</summary>
    [Id(3)]
    public required int Parts { get; init; }

    /// <summary><see cref="BatchPart.Share"/>.</summary>
    [Id(4)]
    public required double Share { get; init; }

    /// <summary>The completions of the part.</summary>
    [Id(5)]
    public required SamplesMessage Samples { get; init; }

    /// <summary>The group of each.</summary>
    [Id(6)]
    public required int[] Groups { get; init; }

    /// <summary>Numbers that belong to them, by name.</summary>
    [Id(7)]
    public required Dictionary<string, double[]> Numbers { get; init; }

    /// <summary>The request for a part.</summary>
    /// <param name="loss">The name of the loss.</param>
    /// <param name="part">The part.</param>
    /// <param name="numbers">Numbers of the whole batch, by name.</param>
    public static GradientRequest Of(string loss, BatchPart part, IReadOnlyDictionary<string, double[]> numbers) =>
        new()
        {
            Loss = loss,
            Batch = part.Batch,
            Index = part.Index,
            Parts = part.Parts,
            Share = part.Share,
            Samples = SamplesMessage.Of([.. part.Scored.Select(item => (ScoredSample)item)], part.Scored.Components),
            Groups = [.. part.Groups],
            Numbers = numbers.ToDictionary(pair => pair.Key, pair => part.Of(pair.Value), StringComparer.Ordinal),
        };

    /// <summary>The part as it came.</summary>
    /// <param name="origin">What its rewards come from.</param>
    public BatchPart ToPart(ScoringIdentity origin) =>
        new(new ScoredBatch(Samples.ToSamples(), Groups, origin, Samples.ToComponents()), Batch, Index, Parts, Share);
}
