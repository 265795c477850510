using System.Globalization;

namespace SentimentControl.Grid;

/// <summary>What a run of the grid changes besides method, N and seed; all null for nothing.</summary>
internal sealed record Variation
{
    /// <summary>M of the training prompts.</summary>
    public int? Samples { get; init; }

    /// <summary>The sampling temperature of reference and policy.</summary>
    public double? Temperature { get; init; }

    /// <summary>K, with as many prompts fewer or more, so that a step has as many completions.</summary>
    public int? Group { get; init; }

    /// <summary>Steps, as a multiple of the default.</summary>
    public double? StepsFactor { get; init; }

    /// <summary>Learning rate, as a multiple of the default.</summary>
    public double? RateFactor { get; init; }

    /// <summary>What is left of the learning rate at the end.</summary>
    public double? FinalRate { get; init; }

    /// <summary>b of the Jeffreys mix.</summary>
    public double? ReverseWeight { get; init; }

    /// <summary>The part of the steps that is BoN-SFT before vBoN.</summary>
    public double? WarmStart { get; init; }

    /// <summary>An increasing change of the reward: "sigmoid" or "exp".</summary>
    public string? Transform { get; init; }

    /// <summary>Whether the target is scaled as in the authors' published code: reward times 1 / n, KL times 1 / (n - 1).</summary>
    public bool? PaperScale { get; init; }

    /// <summary>Whether held-out numbers are taken along the way.</summary>
    public bool? Curve { get; init; }

    /// <summary>The variation in a few words, empty for none; part of the run's file name.</summary>
    public string Name
    {
        get
        {
            (string Label, object? Value)[] parts =
            [
                ("M", Samples), ("T", Temperature), ("K", Group), ("steps x", StepsFactor), ("rate x", RateFactor), ("final rate", FinalRate), ("b", ReverseWeight), ("warm start", WarmStart), ("reward", Transform),
                ("paper scale", PaperScale is true ? "" : null), ("curve", Curve is true ? "" : null),
            ];
            return string.Join(", ", parts.Where(part => part.Value is not null).Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Label} {part.Value}").TrimEnd()));
        }
    }
}
