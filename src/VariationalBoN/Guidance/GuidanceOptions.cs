using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Guidance;

/// <summary>How a guided policy treats the vocabulary; part of the distribution it defines. Immutable, thread-safe.</summary>
[Experimental(ExperimentalIds.Guidance)]
public sealed record GuidanceOptions
{
    /// <summary>k: at each step the k most probable tokens of the reference have values of their own;
    /// at least 1. If k is the size of the vocabulary or more, every token has its own.</summary>
    /// <value>Default 48.</value>
    public int TopTokens { get; init; } = 48;

    /// <summary>The lower bound of the common value of the other tokens, relative to the value of the
    /// prefix; above 0 and at most 1. It keeps the probability of every completion positive.</summary>
    /// <value>Default 0.001.</value>
    public double LeastRest { get; init; } = 1e-3;

    /// <summary>The upper bound of the common value of the other tokens, relative to the value
    /// of the prefix; at least <see cref="LeastRest"/>, infinity for no bound.</summary>
    /// <value>
    /// Default 1. The value of the other tokens is a difference of two learned numbers divided by a small probability. Without
    /// a bound, an error of a tenth in it would give a tenth of the answers to tokens that the reference hardly ever draws.
    /// </value>
    public double MostRest { get; init; } = 1;

    /// <summary>Throws one exception that names every fault.</summary>
    internal void Validate()
    {
        var faults = new List<string>();
        if (TopTokens < 1)
            faults.Add($"{nameof(TopTokens)} is {TopTokens}, it must be at least 1");
        if (!(LeastRest > 0 && LeastRest <= 1))
            faults.Add(FormattableString.Invariant($"{nameof(LeastRest)} is {LeastRest}, it must be above 0 and at most 1"));
        if (!(MostRest >= LeastRest))
            faults.Add(
                FormattableString.Invariant($"{nameof(MostRest)} is {MostRest}, it must be at least {nameof(LeastRest)}, {LeastRest}")
            );
        if (faults.Count > 0)
            throw new ArgumentException($"The guidance options are faulty: {string.Join("; ", faults)}.");
    }
}
