using System.Globalization;
using VariationalBoN.Numerics;

namespace VariationalBoN.Evaluation;

/// <summary>KL(pi_theta || pi_ref) in nats per completion by every estimator, from the same completions. Immutable, thread-safe.</summary>
/// <remarks>
/// One source for what is trained and what is logged: a training loop passes the log-ratios of its own batch, the <see cref="Evaluator"/>
/// those of its completions. Estimators that disagree by more than their errors say
/// that the two log-probabilities are not of one sampling distribution.
/// </remarks>
public sealed record KlEstimates
{
    /// <summary>The mean of D = log pi_theta(y | x) - log pi_ref(y | x).</summary>
    public required Estimate K1 { get; init; }

    /// <summary>The mean of D^2 / 2.</summary>
    public required Estimate K2 { get; init; }

    /// <summary>The mean of e^-D - 1 + D.</summary>
    public required Estimate K3 { get; init; }

    /// <summary>The mean of the exact next-token KL summed along y; null when the policies cannot be compared step by step.</summary>
    public Estimate? Stepwise { get; init; }

    /// <summary>The unbiased estimator with the least variance among those that are known: stepwise, else k1.</summary>
    public KlEstimator Best => Stepwise is null ? KlEstimator.K1 : KlEstimator.Stepwise;

    /// <summary>The estimate by one estimator.</summary>
    /// <param name="estimator">The estimator.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such estimator.</exception>
    /// <exception cref="InvalidOperationException">The stepwise form is not known.</exception>
    public Estimate this[KlEstimator estimator] =>
        estimator switch
        {
            KlEstimator.K1 => K1,
            KlEstimator.K2 => K2,
            KlEstimator.K3 => K3,
            KlEstimator.Stepwise => Stepwise
                ?? throw new InvalidOperationException(
                    $"The stepwise KL is not known: the policy cannot be compared with the reference step by step. Use "
                        + $"{nameof(KlEstimator.K1)}."
                ),
            _ => throw new ArgumentOutOfRangeException(nameof(estimator), estimator, "The estimator must be K1, K2, K3 or Stepwise."),
        };

    /// <summary>All estimates from log-ratios.</summary>
    /// <param name="logRatios">B values of D of completions y ~ pi_theta, at least one;
    /// +infinity where pi_ref cannot say y, which makes the divergence infinite.</param>
    /// <param name="groups">B group (prompt) indices: completions of one prompt are not independent.
    /// A single group is taken as independent completions.</param>
    /// <param name="stepwise">B sums of exact next-token KLs, or null.</param>
    /// <returns>The estimates with standard errors over groups.</returns>
    /// <exception cref="ArgumentException">The lengths differ, or there is no completion.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A log-ratio is NaN.</exception>
    public static KlEstimates FromLogRatios(
        IReadOnlyList<double> logRatios,
        IReadOnlyList<int> groups,
        IReadOnlyList<double>? stepwise = null
    )
    {
        ArgumentNullException.ThrowIfNull(logRatios);
        ArgumentNullException.ThrowIfNull(groups);
        double[] read = [.. logRatios];
        return new KlEstimates
        {
            K1 = PromptMean.Of([.. read.Select(KlTerm.K1)], groups),
            K2 = PromptMean.Of([.. read.Select(KlTerm.K2)], groups),
            K3 = PromptMean.Of([.. read.Select(KlTerm.K3)], groups),
            Stepwise = stepwise is null ? null : PromptMean.Of([.. stepwise], groups),
        };
    }

    /// <summary>The estimates on one line.</summary>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"k1 {K1}, k2 {K2}, k3 {K3}{(Stepwise is Estimate exact ? $", stepwise {exact}" : "")}"
        );
}
