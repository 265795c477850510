namespace VariationalBoN;

/// <summary>A completion that was drawn, with log pi_ref(y | x), and its reward where it has one. Immutable, thread-safe.</summary>
/// <remarks>A completion that was left out is a sample without a reward.</remarks>
/// <param name="Completion">The completion.</param>
/// <param name="Reward">r(x, y), finite; null when the reward model failed for it or the scoring options leave it out.</param>
/// <param name="LogReference">log pi_ref(y | x) in nats, at most 0.</param>
public readonly record struct ScoredSample(Completion Completion, double? Reward, double LogReference)
{
    /// <summary>Whether a number can be log pi_ref(y | x):
    /// finite and at most 0, but for the rounding of a certain completion in float32.</summary>
    internal static bool CanBeLogReference(double value) => value is > double.NegativeInfinity and <= 1e-4;

    /// <summary>A scored completion is a sample with a reward.</summary>
    /// <param name="scored">The scored completion.</param>
    public static implicit operator ScoredSample(ScoredCompletion scored) => new(scored.Completion, scored.Reward, scored.LogReference);
}
