using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using VariationalBoN.Numerics;

namespace VariationalBoN.Evaluation;

/// <summary>Settings of a <see cref="RewardHackingReport"/>. Immutable, thread-safe.</summary>
[Experimental(ExperimentalIds.SecondJudge)]
public sealed record RewardHackingOptions
{
    /// <summary>N, the draws that one sample is to be worth; finite, at least 1.</summary>
    /// <value>Default 8.</value>
    public double N { get; init; } = 8;

    /// <summary>Names of components that are an ensemble of judges, two or more.</summary>
    /// <value>Default none.</value>
    public ImmutableArray<string> Ensemble { get; init; } = [];

    /// <summary>Resamples of prompts, confidence and seed.</summary>
    /// <value>Default those of <see cref="BootstrapOptions"/>.</value>
    public BootstrapOptions Bootstrap { get; init; } = new();

    /// <summary>Refuses options out of range.</summary>
    internal void Validate()
    {
        BestOfNMath.CheckN(N);
        if (Ensemble.IsDefault || Ensemble.Length == 1 || Ensemble.Distinct(StringComparer.Ordinal).Count() != Ensemble.Length)
            throw new ArgumentException(
                $"The ensemble is {(Ensemble.IsDefault ? "not given" : $"'{string.Join("', '", Ensemble)}'")}; name two or more different "
                    + $"components, or none.",
                nameof(Ensemble)
            );
        ArgumentNullException.ThrowIfNull(Bootstrap);
        Bootstrap.Validate();
    }
}
