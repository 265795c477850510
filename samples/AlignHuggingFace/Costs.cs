namespace AlignHuggingFace;

/// <summary>What was measured, in seconds and bytes.</summary>
/// <param name="TokensPerSecond">Drawn from the reference, many completions at a time.</param>
/// <param name="ReferenceSample">Drawing and scoring a reference sample, the share of a batch.</param>
/// <param name="Forward">log pi_theta of a completion, the share of a batch.</param>
/// <param name="Step">A training step: draw, score, gradient, update.</param>
/// <param name="PeakBytes">The most memory of the process so far, longest completions included.</param>
/// <param name="HeldBytes">What it holds between steps.</param>
/// <param name="WeightBytes">One copy of the weights: what saving and reading again hold besides.</param>
internal sealed record Costs(
    double TokensPerSecond,
    double ReferenceSample,
    double Forward,
    double Step,
    long PeakBytes,
    long HeldBytes,
    long WeightBytes
)
{
    /// <summary>Tokens a second, those of prompts included, whose log-probabilities are computed without a gradient.</summary>
    public double ScoredTokensPerSecond { get; init; }
}
