namespace VariationalBoN.Policies;

/// <summary>A policy that can sum the exact KL divergence of its next-token distributions along a completion.</summary>
/// <remarks>
/// For y ~ pi_theta, sum_t KL(pi_theta(. | x, y_&lt;t) || pi_ref(. | x, y_&lt;t)) is an unbiased estimate of KL(pi_theta || pi_ref) with
/// far less variance than the log-ratio log pi_theta(y | x) - log pi_ref(y | x).
/// </remarks>
public interface IStepwiseKl
{
    /// <summary>Whether <paramref name="reference"/> is of a kind whose next-token distributions this policy can read.</summary>
    /// <param name="reference">The reference policy.</param>
    /// <returns>True when <see cref="StepwiseKl"/> can be called with it.</returns>
    bool CanCompareWith(IPolicy reference);

    /// <summary>sum_t KL(pi_theta(. | x, y_&lt;t) || pi_ref(. | x, y_&lt;t)) in nats, for each completion, without gradient.</summary>
    /// <param name="reference">The reference policy, for which <see cref="CanCompareWith"/> holds.</param>
    /// <param name="completions">B completions drawn from this policy.</param>
    /// <returns>B values, each at least 0 up to rounding.</returns>
    /// <exception cref="ArgumentException"><see cref="CanCompareWith"/> is false for the reference.</exception>
    double[] StepwiseKl(IPolicy reference, IReadOnlyList<Completion> completions);
}
