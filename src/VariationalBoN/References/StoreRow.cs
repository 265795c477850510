using System.Collections.Immutable;
using VariationalBoN.Internal;

namespace VariationalBoN.References;

/// <summary>A row of a store: samples First to First + Drawn - 1 of a prompt. Not to be changed once made.</summary>
internal sealed record StoreRow
{
    /// <summary>The prompt x.</summary>
    public required Prompt Prompt { get; init; }

    /// <summary>Index of the first sample, 0 or more.</summary>
    public required int First { get; init; }

    /// <summary>The reward of each sample that was drawn, finite; null for a sample without one.</summary>
    public required ImmutableArray<double?> Rewards { get; init; }

    /// <summary>log pi_ref(y | x) of each sample in nats, null where it is not known; empty when none is known.</summary>
    public ImmutableArray<double?> LogReference { get; init; } = [];

    /// <summary>What else is known of the samples.</summary>
    public StoreContent Content { get; init; } = StoreContent.None;

    /// <summary>How many samples were drawn.</summary>
    public int Drawn => Rewards.Length;

    /// <summary>Such as <c>samples 0 to 63 of the prompt "x"</c>.</summary>
    public override string ToString() => $"samples {First} to {First + (long)Drawn - 1} of the prompt {Shown.Quoted(Prompt.Canonical)}";

    /// <summary>Refuses what a store cannot keep.</summary>
    /// <exception cref="ArgumentException">
    /// Nothing was drawn, a number is not finite, a log pi_ref is above 0, or a column has not an entry to each sample.
    /// </exception>
    public void Validate()
    {
        string? fault =
            Drawn == 0 ? "there is no sample"
            : First < 0 || First > int.MaxValue - Drawn
                ? $"the index of the first sample, {First}, must be at least 0, and that of the last at most {int.MaxValue - 1}"
            : Rewards.Any(IsNotFinite) ? "a reward is not finite"
            : !LogReference.IsEmpty && LogReference.Length != Drawn
                ? $"there are {Drawn} samples but {LogReference.Length} entries of log pi_ref"
            : LogReference.Any(value => value is double number && !ScoredSample.CanBeLogReference(number))
                ? "a log pi_ref is not finite or above 0"
            : Content.Fault(Drawn);
        if (fault is not null)
            throw new ArgumentException($"{this} cannot be stored: {fault}.");
    }

    private static bool IsNotFinite(double? number) => number is double value && !double.IsFinite(value);
}
